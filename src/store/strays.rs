//! Rows of the ledger's tables that no reader of the ledger meets, because no entry or hash has such a place: only somebody
//! with the database's password puts them there. And texts as such a one leaves them.

use sqlx::postgres::{PgTypeInfo, PgValueRef};
use sqlx::sqlite::{SqliteTypeInfo, SqliteValueRef};
use sqlx::{Decode, Postgres, Sqlite, Type};

use super::{StoreError, Tx, on, signed};

const ENTRIES: &str = "select idx from ledger_entry where idx < 0 order by idx limit 16";
const HASHES: &str = "select level, idx from ledger_hash where level < 1 or level > $1 or idx < 0 order by level, idx limit 16";
const BEYOND: &str =
    "select level, idx from ledger_hash where level = $1 and idx >= $2 order by idx limit 16";

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] = &[ENTRIES, HASHES, BEYOND];

/// Indexes of entries that no entry can have.
pub async fn entries(tx: &mut Tx) -> Result<Vec<i64>, StoreError> {
    let rows: Vec<(i64,)> = on!(tx, |conn| sqlx::query_as(ENTRIES).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(|(index,)| index).collect())
}

/// Places (level, index) of hashes that no hash can have: levels are 1 to `highest`.
pub async fn hashes(tx: &mut Tx, highest: u8) -> Result<Vec<(i64, i64)>, StoreError> {
    let highest = i64::from(highest);
    Ok(on!(tx, |conn| sqlx::query_as(HASHES).bind(highest).fetch_all(conn).await)?)
}

/// Places of hashes of a level from an index on.
pub async fn hashes_from(tx: &mut Tx, level: u8, from: u64) -> Result<Vec<(i64, i64)>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(BEYOND)
        .bind(i64::from(level))
        .bind(signed(from))
        .fetch_all(conn)
        .await)?)
}

/// A text that may have been damaged: SQLite keeps bytes in a text column that are no UTF-8. They are read with the mark for
/// what cannot be read, so that the check of the ledger finds the row and says where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AnyText(pub(super) String);

impl Type<Sqlite> for AnyText {
    fn type_info() -> SqliteTypeInfo {
        <String as Type<Sqlite>>::type_info()
    }
}

impl Type<Postgres> for AnyText {
    fn type_info() -> PgTypeInfo {
        <String as Type<Postgres>>::type_info()
    }

    fn compatible(ty: &PgTypeInfo) -> bool {
        <String as Type<Postgres>>::compatible(ty)
    }
}

impl<'r> Decode<'r, Sqlite> for AnyText {
    fn decode(value: SqliteValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
        let bytes = <&[u8] as Decode<'r, Sqlite>>::decode(value)?;
        Ok(Self(String::from_utf8_lossy(bytes).into_owned()))
    }
}

impl<'r> Decode<'r, Postgres> for AnyText {
    fn decode(value: PgValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
        <String as Decode<'r, Postgres>>::decode(value).map(Self)
    }
}
