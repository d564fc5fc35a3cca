//! Backup of the database while it is in use.

use std::{
    fs::{File, OpenOptions, Permissions, remove_file, rename, set_permissions},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::{Store, statement::values};

/// Why there is no backup, as a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error(
        "PostgreSQL is backed up by its own program: pg_dump -Fc latchkey > backup.dump (docs/operating.md)."
    )]
    Postgres,
    #[error("{0} is there already, and a backup takes nobody's place.")]
    Exists(String),
    #[error("The backup {file} cannot be written: {error}.")]
    Io { file: String, error: io::Error },
    #[error("The database cannot be copied: {0}.")]
    Sql(#[from] sqlx::Error),
}

impl Store {
    /// Copies the SQLite database into a new file and returns its size in bytes. `VACUUM INTO` runs
    /// in a read transaction: it copies one point in time while others read and write. The file
    /// gets its name once it is complete and flushed to disk. No other user of the system may read
    /// it.
    pub async fn back_up(&self, file: &Path) -> Result<u64, BackupError> {
        let Store::Sqlite { readers, .. } = self else { return Err(BackupError::Postgres) };
        let failed = |error| BackupError::Io { file: file.display().to_string(), error };
        if file.exists() {
            return Err(BackupError::Exists(file.display().to_string()));
        }
        let mut part = file.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        // VACUUM INTO accepts an empty file. A partial file left by an interrupted backup is
        // truncated.
        let made =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part);
        made.map_err(failed)?;
        set_permissions(&part, Permissions::from_mode(0o600)).map_err(failed)?;
        let copied = self::copy(readers, &part).await.and_then(|()| {
            let copy = File::open(&part).map_err(failed)?;
            copy.sync_all().map_err(failed)?;
            rename(&part, file).map_err(failed)?;
            let folder = file.parent().filter(|folder| *folder != Path::new(""));
            let folder = File::open(folder.unwrap_or(Path::new("."))).map_err(failed)?;
            folder.sync_all().map_err(failed)?;
            Ok(copy.metadata().map_err(failed)?.len())
        });
        if copied.is_err() {
            // A partial copy is useless. If it cannot be removed, the next backup truncates it.
            let _ = remove_file(&part);
        }
        copied
    }
}

async fn copy(
    readers: &super::Pool<sqlx::SqliteConnection>,
    into: &Path,
) -> Result<(), BackupError> {
    let into = into.display().to_string();
    readers.run("VACUUM INTO $1", &values![&into]).await?;
    Ok(())
}
