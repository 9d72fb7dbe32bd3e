//! A unit in which what was recorded is done again: the clock is that of the entries, and what is recorded has to be them.

use std::collections::VecDeque;

use super::{Known, Recorded, Unit};
use crate::app::AppError;
use crate::domain::Time;
use crate::ledger::entry::Sealed;
use crate::store::Db;

impl Unit {
    /// A unit in which recorded commands are done again, in a database of their own: what they record has to be these
    /// entries, byte for byte.
    pub(in crate::app) async fn again(
        db: &Db,
        expected: VecDeque<Recorded>,
    ) -> Result<Self, AppError> {
        let epoch = Time::from_micros(0).ok_or_else(|| AppError::internal("no time", &0))?;
        Ok(Self { expected: Some(expected), ..Self::begin(db, epoch).await? })
    }

    /// The next entry that has to come, and when it was recorded: that is now.
    pub(in crate::app) fn expect_next(&mut self, at: Time) {
        self.now = at;
        self.known = Known::default();
    }

    /// Takes the next entry over as it is: it says of something that is not done again.
    pub(in crate::app) async fn take_over(&mut self) -> Result<(), AppError> {
        let documents: Vec<_> = self.documents.drain().map(|(_, document)| document).collect();
        for document in documents {
            self.keep_document(&document).await?;
        }
        if let Some((_, kind, bytes)) = self.expected.as_mut().and_then(VecDeque::pop_front) {
            let leaf_hash = crate::ledger::tree::leaf_hash(&bytes);
            self.entries.push((kind, Sealed { bytes, leaf_hash }));
        }
        Ok(())
    }

    /// The entries that have yet to come.
    pub(in crate::app) fn expected(&mut self) -> &mut VecDeque<Recorded> {
        self.expected.get_or_insert_default()
    }

    /// Ends a unit of commands that were done again; gives the entries that have yet to come.
    pub(in crate::app) async fn finish(mut self) -> Result<VecDeque<Recorded>, AppError> {
        // Work that would follow was done then, and its entries are among those that are done again.
        self.work.clear();
        self.seal().await?;
        self.tx.commit().await?;
        Ok(self.expected.unwrap_or_default())
    }
}
