//! `safelight r2`: the objects of the buckets that a config names, from the command line.

mod transfer;

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use safelight_config::{Config, StateLocation};
use safelight_hop::log::{Bytes, Log};
use safelight_r2::Bucket;
use tokio::io::AsyncWriteExt as _;

use crate::dev;

#[derive(Subcommand)]
pub(super) enum R2Command {
    /// Store a file as an object, or standard input if FILE is `-`.
    Put {
        object: ObjectName,
        file: PathBuf,
        /// Content type of the object, such as image/png.
        #[arg(long)]
        content_type: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Write an object to a file, or to standard output if FILE is `-`.
    Get {
        object: ObjectName,
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// Show the sizes and keys of a bucket's objects.
    List {
        bucket: String,
        /// Only keys with this prefix.
        #[arg(long, default_value = "")]
        prefix: String,
        #[command(flatten)]
        place: Place,
    },
    /// Delete an object. A missing object is reported, and is no error.
    Delete {
        object: ObjectName,
        #[command(flatten)]
        place: Place,
    },
}

/// `BUCKET/KEY`.
#[derive(Clone)]
pub(super) struct ObjectName {
    bucket: String,
    key: String,
}

impl std::str::FromStr for ObjectName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (bucket, key) = text
            .split_once('/')
            .ok_or("an object is BUCKET/KEY, such as photos/cat.jpg")?;
        Ok(Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    }
}

impl std::fmt::Display for ObjectName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Escaped, so that a key cannot control the terminal.
        write!(f, "{}/{}", self.bucket, self.key.escape_debug())
    }
}

/// The config that names the buckets, and the folder of their state.
#[derive(Args)]
pub(super) struct Place {
    /// Folder of the worker.
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Environment of the config to use (`env.NAME`).
    #[arg(long)]
    env: Option<String>,
    /// Config file to use instead of the one in DIR.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Folder of the state of bindings, as for `safelight dev`.
    #[arg(long, value_name = "FOLDER")]
    persist_to: Option<PathBuf>,
}

/// An open bucket, and the state that it was opened with.
struct Opened {
    bucket: Bucket,
    open: dev::OpenBindings,
}

impl Opened {
    /// Closes the buckets after a command: waits for the deletion of replaced objects, which the end of the program
    /// would interrupt. The command's own error has precedence.
    async fn close_after<T>(self, result: anyhow::Result<T>) -> anyhow::Result<T> {
        let closed = self.open.close().await.context("close the buckets");
        let value = result?;
        closed?;
        Ok(value)
    }
}

impl Place {
    async fn open(&self, name: &str, log: &Log) -> anyhow::Result<Opened> {
        let config = Config::load(&self.dir, self.config.as_deref(), self.env.as_deref())?.config;
        if config.storage.location == StateLocation::Memory && self.persist_to.is_none() {
            bail!(
                "safelight.storage.state is \"memory\", of which nothing is left when a command ends; \
                 name the folder that is meant with --persist-to"
            );
        }
        let open = dev::open(&config, self.persist_to.as_deref(), log).await?;
        let Some(bucket) = open.buckets.get(name) else {
            bail!(
                "the config has no bucket {name}; it has {}",
                names(&open.buckets)
            );
        };
        Ok(Opened {
            bucket: bucket.clone(),
            open,
        })
    }
}

fn names(buckets: &safelight_r2::buckets::Buckets) -> String {
    let names: Vec<_> = buckets.names().collect();
    match names.as_slice() {
        [] => "none".to_owned(),
        names => names.join(", "),
    }
}

impl R2Command {
    pub(super) async fn run(self, log: &Log) -> anyhow::Result<()> {
        match self {
            Self::Put {
                object,
                file,
                content_type,
                place,
            } => transfer::put(&object, &file, content_type, &place, log).await,
            Self::Get {
                object,
                file,
                place,
            } => transfer::get(&object, &file, &place, log).await,
            Self::List {
                bucket,
                prefix,
                place,
            } => list(&bucket, &prefix, &place, log).await,
            Self::Delete { object, place } => delete(&object, &place, log).await,
        }
    }
}

async fn delete(object: &ObjectName, place: &Place, log: &Log) -> anyhow::Result<()> {
    let opened = place.open(&object.bucket, log).await?;
    let deleted = opened.bucket.delete_one(&object.key).await;
    let deleted = deleted.with_context(|| format!("delete {object}"));
    match opened.close_after(deleted).await? {
        true => log.line(format_args!("deleted {object}")),
        false => log.line(format_args!("{object}: no such key")),
    }
    Ok(())
}

async fn list(bucket: &str, prefix: &str, place: &Place, log: &Log) -> anyhow::Result<()> {
    let opened = place.open(bucket, log).await?;
    let listed = show_rows(&opened.bucket, prefix).await;
    opened.close_after(listed).await
}

async fn show_rows(bucket: &Bucket, prefix: &str) -> anyhow::Result<()> {
    // Not the log, which drops lines when its queue is full.
    let mut output = tokio::io::stdout();
    let mut after = None;
    loop {
        let rows = bucket.rows(prefix, after.as_deref()).await?;
        let Some(last) = rows.last() else {
            output.flush().await?;
            return Ok(());
        };
        after = Some(last.key.clone());
        let mut lines = String::new();
        for row in rows {
            // Escaped, so that a key cannot control the terminal.
            let (size, key) = (Bytes(row.size).to_string(), row.key.escape_debug());
            lines.push_str(&format!("{size:>9}  {key}\n"));
        }
        output.write_all(lines.as_bytes()).await?;
    }
}
