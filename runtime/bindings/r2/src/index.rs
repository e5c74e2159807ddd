//! The index of a bucket: one SQLite file, used on blocking threads.

mod generation;
pub(super) mod objects;
mod reserve;
pub(super) mod uploads;

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use safelight_config::Durability;
use safelight_state::private;

use super::blobs::pins::Pins;
use super::error::{Code, R2Error};
use reserve::Reserve;

/// Marks the file as an index of this program.
const APPLICATION_ID: i32 = 0x5AFE_4C32;
/// The name of the folder of blobs beside the index.
pub(super) const BLOBS_NAME: &str = "blobs";
/// The version of the schema below.
const SCHEMA_VERSION: i32 = 2;
/// Maximum wait for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

const SCHEMA: &str = "
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE objects (
    key BLOB NOT NULL PRIMARY KEY,
    version TEXT NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    uploaded INTEGER NOT NULL,
    checksums TEXT NOT NULL,
    http_metadata TEXT NOT NULL,
    custom_metadata TEXT NOT NULL,
    storage_class TEXT NOT NULL
);
-- The bytes of an object or a part, by its version, in order.
CREATE TABLE segments (
    owner TEXT NOT NULL,
    number INTEGER NOT NULL,
    blob TEXT NOT NULL,
    size INTEGER NOT NULL,
    crc32c INTEGER NOT NULL,
    -- The checksums of its blocks, of four bytes each, little end first; nothing of a single block.
    blocks BLOB NOT NULL DEFAULT x'',
    PRIMARY KEY (owner, number)
) WITHOUT ROWID;
CREATE TABLE uploads (
    id TEXT NOT NULL PRIMARY KEY,
    key BLOB NOT NULL,
    created INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'aborted')),
    http_metadata TEXT NOT NULL,
    custom_metadata TEXT NOT NULL,
    storage_class TEXT NOT NULL
);
CREATE TABLE parts (
    upload TEXT NOT NULL REFERENCES uploads (id),
    number INTEGER NOT NULL,
    version TEXT NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    PRIMARY KEY (upload, number)
) WITHOUT ROWID;
";

/// Upgrades an index of version 1, which has no checksums of blocks.
const FROM_VERSION_1: &str = "ALTER TABLE segments ADD COLUMN blocks BLOB NOT NULL DEFAULT x'';";

/// A bucket's index. All clones, and all handles of the same file in this process, share one connection.
#[derive(Clone)]
pub(super) struct Index {
    shared: Arc<SharedConnection>,
}

struct SharedConnection {
    connection: Mutex<Connection>,
    reserve: Reserve,
    pins: Arc<Pins>,
}

/// The indexes that this process has open, by device and inode. Two handles with pins of their own would delete each
/// other's blobs.
static OPEN_INDEXES: Mutex<Vec<OpenIndex>> = Mutex::new(Vec::new());

struct OpenIndex {
    device: u64,
    inode: u64,
    shared: Weak<SharedConnection>,
    /// The readers hold the pins, and may outlive the index.
    pins: Weak<Pins>,
}

impl Index {
    /// Opens the index at `path`, or creates it.
    ///
    /// # Errors
    /// Fails when the file cannot be opened, is no index of a known version, is empty although the bucket was used, or is a
    /// copy of an earlier state. The file is then left unchanged.
    pub(super) fn open(path: &Path, durability: Durability) -> Result<Self, R2Error> {
        let mut open = OPEN_INDEXES.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|known| known.shared.strong_count() + known.pins.strong_count() > 0);
        let known = open.iter().filter(|known| known.is(path).unwrap_or(false));
        if let Some(shared) = known.clone().find_map(|known| known.shared.upgrade()) {
            let index = Self { shared };
            // The shared connection has the highest durability that a handle asks for.
            if durability == Durability::Disk {
                index.with(|connection| synchronize(connection, durability))?;
            }
            return Ok(index);
        }
        let pins = known.clone().find_map(|known| known.pins.upgrade());
        let pins = pins.unwrap_or_default();
        // SQLite gives the mode of the index to its other files.
        private::ensure_file(path)?;
        let shared = Arc::new(SharedConnection {
            connection: Mutex::new(connect(path, durability)?),
            reserve: Reserve::new(path),
            pins: pins.clone(),
        });
        let file = std::fs::metadata(path)?;
        open.push(OpenIndex {
            device: file.dev(),
            inode: file.ino(),
            shared: Arc::downgrade(&shared),
            pins: Arc::downgrade(&pins),
        });
        Ok(Self { shared })
    }

    pub(super) fn downgrade(&self) -> WeakIndex {
        WeakIndex(Arc::downgrade(&self.shared))
    }

    /// The blobs that are being read.
    pub(super) fn pins(&self) -> &Arc<Pins> {
        &self.shared.pins
    }

    /// Reads or writes on a blocking thread. The work ends even if the caller is dropped.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, R2Error> + Send + 'static,
    ) -> Result<T, R2Error> {
        let index = self.clone();
        let done = tokio::task::spawn_blocking(move || index.with(work)).await;
        done.unwrap_or_else(|error| {
            Err(R2Error::unfinished(&error, "the bucket's index is at work"))
        })
    }

    /// Reads or writes on this thread.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, R2Error>,
    ) -> Result<T, R2Error> {
        // A panic rolls its transaction back, so the connection of a poisoned lock is usable.
        let mut connection = self
            .shared
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        work(&mut connection)
    }

    /// Runs a transaction that deletes, on a blocking thread. On a full disk, it uses the reserve, and then the room of the
    /// pages that are written twice. `finish` gets what the transaction has deleted, even if the caller is dropped.
    pub(super) async fn delete<T, R: Send + 'static>(
        &self,
        work: impl Fn(&Connection) -> Result<T, R2Error> + Send + 'static,
        finish: impl FnOnce(T) -> R + Send + 'static,
    ) -> Result<R, R2Error> {
        let index = self.clone();
        self.run(move |connection| {
            let reserve = &index.shared.reserve;
            let steps: [&dyn Fn(&Connection); 2] = [
                &|_| reserve.free(),
                // An error leaves the room as it is.
                &|connection| drop(connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")),
            ];
            let mut done = transact(connection, &work);
            for make_room in steps {
                match &done {
                    Err(error) if error.is_disk_full => make_room(connection),
                    Ok(_) | Err(_) => break,
                }
                done = transact(connection, &work);
            }
            reserve.fill();
            done.map(finish)
        })
        .await
    }

    /// A setting of the index. `value` is stored if the setting has no value yet.
    pub(super) fn setting(&self, name: &str, value: &str) -> Result<String, R2Error> {
        self.with(|connection| {
            let insert =
                "INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            connection.execute(insert, (name, value))?;
            let select = "SELECT value FROM settings WHERE name = ?1";
            Ok(connection.query_row(select, [name], |row| row.get(0))?)
        })
    }
}

/// A reference that does not keep the index open.
pub(super) struct WeakIndex(Weak<SharedConnection>);

impl WeakIndex {
    pub(super) fn upgrade(&self) -> Option<Index> {
        let shared = self.0.upgrade()?;
        Some(Index { shared })
    }
}

impl OpenIndex {
    fn is(&self, path: &Path) -> io::Result<bool> {
        let file = std::fs::metadata(path)?;
        Ok((self.device, self.inode) == (file.dev(), file.ino()))
    }
}

fn connect(path: &Path, durability: Durability) -> Result<Connection, R2Error> {
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let number = |name| transaction.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    match (number("application_id")?, number("user_version")?) {
        (APPLICATION_ID, SCHEMA_VERSION) => {}
        (0, 0) if is_empty(&transaction)? => {
            check_new(path)?;
            transaction.execute_batch(SCHEMA)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
        }
        (APPLICATION_ID, 1) => {
            transaction.execute_batch(FROM_VERSION_1)?;
            transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
        }
        (APPLICATION_ID, version) => {
            let text = format!(
                "the index has version {version}; this version of safelight supports 1 and {SCHEMA_VERSION}"
            );
            return Err(R2Error::new(Code::Internal, text));
        }
        _ => {
            let text = "the file is a database of another program";
            return Err(R2Error::new(Code::Internal, text));
        }
    }
    let generation_file = generation::file(path);
    let generation = generation::advance(&transaction, &generation_file)?;
    transaction.commit()?;
    generation::record(&generation_file, generation);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    synchronize(&connection, durability)?;
    Ok(connection)
}

fn synchronize(connection: &Connection, durability: Durability) -> Result<(), R2Error> {
    let synchronous = match durability {
        Durability::Disk => "FULL",
        Durability::Process => "NORMAL",
    };
    Ok(connection.pragma_update(None, "synchronous", synchronous)?)
}

/// Runs a write transaction. No other process writes meanwhile.
pub(super) fn transact<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Connection) -> Result<T, R2Error>,
) -> Result<T, R2Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = work(&transaction)?;
    transaction.commit()?;
    Ok(done)
}

/// Refuses a new index beside blobs, which no row would name: the next sweep would delete them all. Blobs in a store have
/// the generation of the lost index as their sign.
fn check_new(path: &Path) -> Result<(), R2Error> {
    let blobs = path.with_file_name(BLOBS_NAME);
    let count = match std::fs::read_dir(&blobs) {
        Ok(entries) => entries.count(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error.into()),
    };
    let generation = generation::file(path);
    let lost = match (count, generation.exists()) {
        (0, false) => return Ok(()),
        (0, true) => format!("{} shows that there was another one", generation.display()),
        (count, _) => {
            let blobs = blobs.display();
            format!("{blobs} has {count} files of objects that only the index names")
        }
    };
    let text = format!(
        "the index is empty, and {lost}; restore the bucket's folder from a copy, or remove it"
    );
    Err(R2Error::new(Code::Internal, text))
}

fn is_empty(connection: &Connection) -> Result<bool, R2Error> {
    let count = "SELECT count(*) FROM sqlite_schema";
    Ok(connection.query_row(count, [], |row| row.get::<_, i64>(0))? == 0)
}
