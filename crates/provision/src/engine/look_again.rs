//! Look once more while sending: what the target answers can change what is to be done.

use super::look::{Intent, Looked};
use super::run::{Run, Side};
use crate::error::Result;
use crate::mapping::TargetObject;
use crate::patch;
use crate::plan::TargetState;

/// The body to be remembered of a creation: without what is not to be kept.
pub(super) fn intent(side: &Side, wanted: &TargetObject, body: &scim::Resource) -> Intent {
    let mut body = body.clone();
    for value in wanted.values.iter().filter(|value| value.explanation.redacted) {
        if let Some(rule) = side.mapper.find(&value.target) {
            rule.path.remove(&mut body);
        }
    }
    Intent { body }
}

impl Run {
    /// The body of a creation.
    pub(super) fn creation(&self, side: &Side, wanted: &TargetObject) -> scim::Resource {
        patch::create_body(&side.mapper, wanted, self.dialect)
    }

    /// The linked object has gone in the meantime: decide again.
    pub(super) async fn look_again_gone(&self, side: &Side, looked: &mut Looked) -> Result<()> {
        looked.target = TargetState::Gone;
        match self.want(side, looked).await? {
            Ok(()) => looked.decide(side),
            Err(trouble) => looked.fail(trouble),
        }
        Ok(())
    }

    /// The target says that what was to be created is there: find it, and decide again.
    pub(super) async fn look_again_taken(&self, side: &Side, looked: &mut Looked) -> Result<()> {
        let mut exchanges = std::mem::take(&mut looked.exchanges);
        let probes = self.probes(side, looked).await?;
        let target = self.read_matching(side, looked.kind, &probes, &mut exchanges).await;
        looked.exchanges = exchanges;
        match target {
            Err(trouble) => looked.fail(trouble),
            Ok(target) => {
                looked.target = target;
                self.whose(side, looked).await?;
                if let TargetState::Found(_) = looked.target {
                    match self.want(side, looked).await? {
                        Ok(()) => looked.decide(side),
                        Err(trouble) => looked.fail(trouble),
                    }
                } else if let TargetState::Ambiguous { .. } = looked.target {
                    looked.decide(side);
                }
            }
        }
        Ok(())
    }
}
