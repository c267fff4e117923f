//! An object of the target read whole before it is replaced: what a PUT does not say is gone.

use scim_client::{Answer, Failure, FailureKind, Object, Select};
use store::Kind;

use super::run::{Run, Side};

impl Run {
    /// With members, and with everything that is not mapped.
    ///
    /// # Errors
    /// Also an answer without the attribute by which objects are matched: it is not whole, and replacing the object by it would
    /// lose what it left out.
    pub(super) async fn read_whole(
        &self,
        side: &Side,
        kind: Kind,
        id: &str,
    ) -> Result<Answer<Object>, Box<Failure>> {
        let answer = self.endpoint.get(kind.endpoint(), id, &Select::default()).await?;
        let shows =
            side.mapper.matching().iter().any(|rule| rule.path.read(&answer.value.resource).is_some());
        if shows {
            return Ok(answer);
        }
        let why = "the object was answered without the attribute it is matched by, so it is not replaced"
            .to_owned();
        Err(Box::new(Failure::new(FailureKind::Malformed(why)).with_exchange(answer.exchange)))
    }
}
