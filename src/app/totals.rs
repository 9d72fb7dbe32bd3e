//! The counters behind the totals of lists: whether they are what a recount gives, and counted anew where they are not.

use super::{Action, App, AppError, Caller, Command, Unit};
use crate::store::totals;

struct Recount;

impl Command for Recount {
    type Out = ();

    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        Ok(totals::recount(unit.tx()).await?)
    }
}

impl App {
    /// How many counters differ from a recount of the deliveries, deploys and changes they count. None ever should.
    pub async fn wrong_totals(&self, caller: &Caller) -> Result<u64, AppError> {
        caller.may(Action::Read, None)?;
        let mut tx = self.db().read().await?;
        Ok(totals::wrong(&mut tx).await?)
    }

    /// Counts everything anew.
    pub async fn recount(&self, caller: &Caller) -> Result<(), AppError> {
        caller.may(Action::Administer, None)?;
        self.writer().submit(Recount).await
    }
}
