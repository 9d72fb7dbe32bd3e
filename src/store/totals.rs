//! Every counter of the store, compared with a recount and counted anew.

use super::list::Counters;
use super::{StoreError, Tx, deliveries, landed, population};

const ALL: [&Counters; 3] = [&deliveries::COUNTERS, &landed::COUNTERS, &population::COUNTERS];

/// How many counters are not what a recount of the rows gives.
pub async fn wrong(tx: &mut Tx) -> Result<u64, StoreError> {
    let mut wrong = 0;
    for counters in ALL {
        wrong += counters.wrong(tx).await?;
    }
    Ok(wrong)
}

/// Counts all rows anew.
pub async fn recount(tx: &mut Tx) -> Result<(), StoreError> {
    for counters in ALL {
        counters.recount(tx).await?;
    }
    Ok(())
}
