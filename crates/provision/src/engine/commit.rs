//! What one object leaves behind: link, log entry, counts, what is held and what follows, in one transaction.

use jiff::Timestamp;
use store::{Kind, LinkRow, LogEntry, Pass, TenantWrite, WorkRow};

use super::run::Run;
use crate::error::{Error, Result};
use crate::escrow::Escrow;
use crate::provisioning::text;

/// What becomes of the link.
#[derive(Debug, Clone)]
pub(super) enum LinkWrite {
    Nothing,
    /// `fresh`: the object was not at the target before, or not known to be.
    Put {
        row: LinkRow,
        fresh: bool,
    },
    Remove,
}

/// Everything that is written together.
#[derive(Debug)]
pub(super) struct Leaving {
    pub(super) kind: Kind,
    pub(super) id: String,
    pub(super) link: LinkWrite,
    pub(super) entry: Option<LogEntry>,
    /// Rows of the list of work that are done: pass and stamp.
    pub(super) finished: Vec<(Pass, u64)>,
    pub(super) held: Option<(Pass, u64, Escrow)>,
    /// Passes of the same object that come next.
    pub(super) queued: Vec<Pass>,
    /// The creation that was written down then has a known outcome now.
    pub(super) settles: Option<Timestamp>,
    /// Objects that are pointed at and not at the target.
    pub(super) awaited: Vec<String>,
    /// Whether groups are provisioned, and hear of new members.
    pub(super) groups: bool,
    pub(super) at: Timestamp,
}

impl Leaving {
    pub(super) fn new(kind: Kind, id: &str, at: Timestamp) -> Self {
        Self {
            kind,
            id: id.to_owned(),
            link: LinkWrite::Nothing,
            entry: None,
            finished: Vec::new(),
            held: None,
            queued: Vec::new(),
            settles: None,
            awaited: Vec::new(),
            groups: false,
            at,
        }
    }
}

impl Run {
    /// All of it, or nothing: `None` if somebody else runs the job, or it has gone. Gives the number of the log entry.
    ///
    /// # Errors
    /// [`Error::Conflict`] if another source object is linked to the object at the target.
    pub(super) async fn leave(&self, leaving: Leaving) -> Result<Option<Option<u64>>> {
        let (application, cycle) = (self.job.application.clone(), self.cycle.clone());
        let fence = self.fence;
        let tenancy = self.provisioning.0.store.tenant(&self.tenant);
        tenancy
            .write(move |write| {
                if !stands(write, &application, fence)? {
                    return Ok(None);
                }
                leaving.write(write, &application, cycle.as_deref()).map(Some)
            })
            .await
    }

    /// Something small, under the same condition.
    pub(super) async fn fenced<T: Send + 'static>(
        &self,
        f: impl FnOnce(&TenantWrite<'_>, &str) -> Result<T> + Send + 'static,
    ) -> Result<Option<T>> {
        let (application, fence) = (self.job.application.clone(), self.fence);
        let tenancy = self.provisioning.0.store.tenant(&self.tenant);
        tenancy
            .write(move |write| {
                if !stands(write, &application, fence)? {
                    return Ok(None);
                }
                f(write, &application).map(Some)
            })
            .await
    }

    /// Link before anything is sent to an object that was found: of two source objects that find the same one, the second
    /// must not write to it. `Some(false)`: it is the second.
    pub(super) async fn claim_link(&self, row: LinkRow) -> Result<Option<bool>> {
        let mut leaving = Leaving::new(row.kind, &row.source_id, row.updated);
        leaving.groups = self.groups.is_some();
        leaving.link = LinkWrite::Put { row, fresh: true };
        match self.leave(leaving).await {
            Ok(written) => Ok(written.map(|_| true)),
            Err(Error::Conflict(_)) => Ok(Some(false)),
            Err(error) => Err(error),
        }
    }
}

/// Whether who writes may write.
fn stands(write: &TenantWrite<'_>, application: &str, fence: Option<u64>) -> Result<bool> {
    let Some((standing, _)) = write.job_standing(application)? else { return Ok(false) };
    Ok(fence.is_none_or(|fence| fence == standing))
}

/// Another walk of the same object may have written a newer one.
pub(super) fn settle(write: &TenantWrite<'_>, application: &str, id: &str, at: Timestamp) -> Result<()> {
    if write.intent(application, id)?.is_some_and(|row| row.at == at) {
        write.remove_intent(application, id)?;
    }
    Ok(())
}

impl Leaving {
    fn write(&self, write: &TenantWrite<'_>, application: &str, cycle: Option<&str>) -> Result<Option<u64>> {
        self.write_link(write, application)?;
        if let Some(at) = self.settles {
            settle(write, application, &self.id, at)?;
        }
        for (pass, stamp) in &self.finished {
            write.finish_work(application, *pass, &self.id, *stamp)?;
        }
        if let Some((pass, stamp, escrow)) = &self.held {
            let row = WorkRow {
                pass: *pass,
                kind: self.kind,
                id: self.id.clone(),
                due: escrow.next_try,
                stamp: *stamp,
                escrow: Some(text(escrow)?),
            };
            write.hold_work(application, &row)?;
        }
        for awaited in &self.awaited {
            // It may have come to the target since this object was looked at, and woken who waited then.
            match write.link(application, awaited)? {
                Some(_) => write.queue(application, Pass::Reference, self.kind, &self.id, self.at)?,
                None => write.await_link(application, awaited, &self.id)?,
            }
        }
        for pass in &self.queued {
            write.queue(application, *pass, self.kind, &self.id, self.at)?;
        }
        let Some(entry) = &self.entry else { return Ok(None) };
        if let Some(cycle) = cycle {
            write.count_in_cycle(application, cycle, self.kind, &entry.action, &entry.status)?;
        }
        Ok::<_, Error>(Some(write.append_provisioning_log(entry)?))
    }

    fn write_link(&self, write: &TenantWrite<'_>, application: &str) -> Result<()> {
        let (row, fresh) = match &self.link {
            LinkWrite::Nothing => return Ok(()),
            LinkWrite::Remove => return Ok(write.remove_link(application, &self.id)?),
            LinkWrite::Put { row, fresh } => (row, *fresh),
        };
        let before = write.link(application, &self.id)?;
        let moved = before.as_ref().is_some_and(|before| before.target_id != row.target_id);
        if moved {
            // A new object at the target knows nothing of what the old one was told.
            write.remove_link(application, &self.id)?;
        }
        match write.put_link(application, row) {
            Err(store::Error::Conflict(_)) => {
                let text = format!("{} is linked to another object of the directory", row.target_id);
                return Err(Error::Conflict(text));
            }
            written => written?,
        }
        let returns = before.is_none_or(|before| row.managed && !before.managed);
        if fresh || moved || returns {
            self.follow_up(write, application)?;
        }
        Ok(())
    }

    /// What waited for the object hears of it.
    fn follow_up(&self, write: &TenantWrite<'_>, application: &str) -> Result<()> {
        for waiting in write.take_awaiting(application, &self.id)? {
            if let Some(link) = write.link(application, &waiting)? {
                write.queue(application, Pass::Reference, link.kind, &waiting, self.at)?;
            }
        }
        if self.groups {
            for group in write.groups_missing_member(application, &self.id)? {
                write.queue(application, Pass::Reference, Kind::Group, &group, self.at)?;
            }
            if self.kind == Kind::Group {
                write.queue(application, Pass::Reference, Kind::Group, &self.id, self.at)?;
            }
        }
        Ok(())
    }
}
