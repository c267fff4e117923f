//! The two readings, some lines at once.

use std::collections::HashSet;

use directory::Kind;
use indicatif::ProgressBar;
use tokio::task::JoinSet;

use super::file::{Read, Source, hash};
use super::reference::Referred;
use super::state::{Keeper, Progress, Step};
use super::upsert::{Done, Place};
use super::{Fault, Record};
use crate::output::{Doing as _, Result};
use crate::progress;

/// Lines written at once: the store commits writes that wait together.
const AT_ONCE: usize = 64;
/// Batches between two notes of how far it has come.
const NOTED_EVERY: u32 = 16;

pub(crate) struct Import<'a> {
    pub(crate) source: &'a Source,
    pub(crate) place: Place,
    pub(crate) progress: Progress,
    /// `None` in a preview.
    pub(crate) keeper: Option<Keeper>,
    /// In a preview, what would have been made by now: names and ids as hashes, so that a million take some megabytes.
    made: HashSet<u64>,
}

/// What a record came to, with its place in the file.
enum Outcome {
    Upserted(Result<Done, Fault>),
    Referred(Referred),
}

impl<'a> Import<'a> {
    pub(crate) fn new(source: &'a Source, place: Place, progress: Progress, keeper: Option<Keeper>) -> Self {
        Self { source, place, progress, keeper, made: HashSet::new() }
    }

    /// # Errors
    /// The file cannot be read any more. What lines came to is in the tally.
    pub(crate) async fn run(&mut self) -> Result<()> {
        if self.progress.step == Step::Objects {
            self.read(Step::Objects).await?;
            self.progress.step = Step::References;
            self.progress.line = 0;
            self.note();
        }
        self.read(Step::References).await?;
        self.progress.tally.faults.sort_by_key(|fault| fault.line);
        if let Some(keeper) = &self.keeper {
            keeper.forget();
        }
        Ok(())
    }

    async fn read(&mut self, step: Step) -> Result<()> {
        let bar = progress::bytes(self.source.size);
        bar.set_prefix(if step == Step::Objects { "objects" } else { "references" });
        let mut records = self.source.records()?;
        let mut batch = Batch::default();
        let mut batches: u32 = 0;
        while let Some(Read { line, outcome }) = records.read(self.progress.line)? {
            match outcome {
                Ok(record) if step == Step::References && !record.refers() => {}
                Ok(record) => {
                    if !batch.takes(&record) {
                        self.write(step, &mut batch, &bar).await?;
                        batches += 1;
                        if batches.is_multiple_of(NOTED_EVERY) {
                            self.note();
                        }
                    }
                    batch.push(record);
                }
                // Told at the first reading.
                Err(_) if step == Step::References => {}
                Err(faults) => self.progress.tally.failed(self.source.kind(), faults),
            }
            batch.last = line;
            bar.set_position(records.offset());
        }
        self.write(step, &mut batch, &bar).await?;
        self.progress.tally.ignored.append(&mut records.ignored);
        bar.finish_and_clear();
        Ok(())
    }

    /// Carry out what is in the batch, and count it in the order of lines.
    async fn write(&mut self, step: Step, batch: &mut Batch, bar: &ProgressBar) -> Result<()> {
        let Batch { records, last, .. } = std::mem::take(batch);
        for (record, outcome) in self.carry_out(step, records).await? {
            self.count(&record, outcome);
        }
        self.progress.line = self.progress.line.max(last);
        bar.set_message(self.progress.tally.brief());
        Ok(())
    }

    async fn carry_out(&self, step: Step, records: Vec<Record>) -> Result<Vec<(Record, Outcome)>> {
        let mut running = JoinSet::new();
        for record in records {
            let place = self.place.clone();
            running.spawn(async move {
                let outcome = match step {
                    Step::Objects => Outcome::Upserted(place.upsert(&record).await),
                    Step::References => Outcome::Referred(place.refer(&record).await),
                };
                (record, outcome)
            });
        }
        let mut done = Vec::with_capacity(running.len());
        while let Some(joined) = running.join_next().await {
            done.push(joined.doing("a line")?);
        }
        done.sort_by_key(|(record, _)| record.line);
        Ok(done)
    }

    fn count(&mut self, record: &Record, outcome: Outcome) {
        match outcome {
            Outcome::Upserted(Ok(done)) => {
                let done = if self.place.is_preview { self.foresee(record, done) } else { done };
                self.progress.tally.done(record.kind, done);
            }
            Outcome::Upserted(Err(fault)) => self.progress.tally.failed(Some(record.kind), vec![fault]),
            Outcome::Referred(mut referred) => {
                if self.place.is_preview {
                    let faults = referred.faults.len();
                    let is_made = |who: &String| self.made.contains(&hash(who));
                    referred.faults.retain(|fault| !fault.wanted.as_ref().is_some_and(is_made));
                    let found = (faults - referred.faults.len()) as u64;
                    match record.manager {
                        Some(_) => referred.managers += found.min(1),
                        None => referred.members += found,
                    }
                }
                self.progress.tally.referred(referred);
            }
        }
    }

    /// A second line about what the first would have made changes it.
    fn foresee(&mut self, record: &Record, done: Done) -> Done {
        let name = record.name.as_deref().unwrap_or_default();
        let is_new = self.made.insert(hash(&format!("{}:{name}", record.kind.as_str())));
        if record.kind == Kind::User {
            self.made.insert(hash(name));
        }
        let external = record.settings.iter().find(|setting| setting.path == "externalId");
        let external = external.and_then(|setting| setting.value.as_ref()?.as_str());
        self.made.extend([record.id.as_deref(), external].into_iter().flatten().map(hash));
        if done == Done::Created && !is_new { Done::Updated } else { done }
    }

    fn note(&mut self) {
        if let Some(keeper) = &mut self.keeper {
            keeper.keep(&self.progress);
        }
    }
}

/// Records that can be written at once: no two of them about the same object.
#[derive(Default)]
struct Batch {
    records: Vec<Record>,
    about: HashSet<u64>,
    last: u64,
}

impl Batch {
    fn keys(record: &Record) -> impl Iterator<Item = u64> {
        let kind = record.kind.as_str();
        let of = |text: &String| hash(&format!("{kind}:{text}"));
        [record.id.as_ref().map(of), record.name.as_ref().map(of)].into_iter().flatten()
    }

    fn takes(&self, record: &Record) -> bool {
        self.records.len() < AT_ONCE && !Self::keys(record).any(|key| self.about.contains(&key))
    }

    fn push(&mut self, record: Record) {
        self.about.extend(Self::keys(&record));
        self.records.push(record);
    }
}
