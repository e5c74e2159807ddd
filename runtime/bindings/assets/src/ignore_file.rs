//! The file `.assetsignore`: patterns of files that are no assets, in the syntax of `.gitignore`.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use rustix::fs::{Mode, OFlags, open};

/// The name of the file in the folder of assets.
const NAME: &str = ".assetsignore";
/// Maximum bytes of the file.
const MAX_BYTES: u64 = 1 << 20;

/// The file's patterns, which are read again when the file changes.
#[derive(Debug, Default)]
pub(super) struct IgnoreFile(Mutex<Option<(Version, Patterns)>>);

/// The patterns of one version of the file.
#[derive(Debug, Clone)]
pub(super) struct Patterns(Arc<Gitignore>);

/// The version of the file's content, from the file's metadata; none without a file.
type Version = Option<(u64, u64, u64, i64, i64)>;

impl IgnoreFile {
    /// Returns the patterns of the file in this folder. Without a file there are none.
    ///
    /// # Errors
    /// Fails when the file cannot be read, or has a malformed pattern. Files that it hides would be served.
    pub(super) fn patterns(&self, folder: &Path) -> io::Result<Patterns> {
        let path = folder.join(NAME);
        let about = |what: String| io::Error::other(format!("{}: {what}", path.display()));
        let version = match path.metadata() {
            Ok(metadata) => Some(version(&metadata)),
            Err(error) if is_absence(&error) => None,
            Err(error) => return Err(about(error.to_string())),
        };
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, patterns)) = &*cached
            && *known == version
        {
            return Ok(patterns.clone());
        }
        let text = match version {
            Some(_) => read(&path).map_err(|error| about(error.to_string()))?,
            None => String::new(),
        };
        let patterns = Patterns::parse(&text).map_err(about)?;
        *cached = Some((version, patterns.clone()));
        Ok(patterns)
    }
}

fn version(metadata: &Metadata) -> (u64, u64, u64, i64, i64) {
    let changed = (metadata.ctime(), metadata.ctime_nsec());
    let (seconds, nanoseconds) = changed;
    let (inode, size) = (metadata.ino(), metadata.size());
    (metadata.dev(), inode, size, seconds, nanoseconds)
}

fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn read(path: &Path) -> io::Result<String> {
    // A pipe would keep the reader waiting.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = File::from(open(path, flags, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut text = String::new();
    file.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    match text.len() as u64 > MAX_BYTES {
        true => Err(io::Error::other("it is larger than 1 MiB")),
        false => Ok(text),
    }
}

impl Patterns {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut builder = GitignoreBuilder::new("");
        // wrangler ignores case as well.
        let built = builder.case_insensitive(true).map(drop);
        built.map_err(|error| error.to_string())?;
        for (index, line) in text.lines().enumerate() {
            if let Err(error) = builder.add_line(None, line) {
                return Err(format!("line {}: {error}", index + 1));
            }
        }
        let patterns = builder.build().map_err(|error| error.to_string())?;
        Ok(Self(Arc::new(patterns)))
    }

    /// Returns whether the file of this path below the folder is ignored, by itself or with a folder above it. As in git, a
    /// later pattern cannot include a file whose folder is ignored.
    pub(super) fn ignore_file(&self, path: &str) -> bool {
        let slashes = path.match_indices('/');
        let mut folders = slashes.filter_map(|(end, _)| path.get(..end));
        folders.any(|folder| self.ignore_folder(folder)) || self.0.matched(path, false).is_ignore()
    }

    /// Returns whether the folder of this path is ignored by itself, regardless of the folders above it.
    pub(super) fn ignore_folder(&self, path: &str) -> bool {
        self.0.matched(path, true).is_ignore()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{IgnoreFile, Patterns};

    #[test]
    fn the_patterns_are_those_of_gitignore_without_case() {
        let text =
            "\u{feff}# a comment\r\n*.map\r\n/top\nbuild/\n!keep.map\ndocs/**/draft\n\\#odd\n";
        let patterns = Patterns::parse(text).unwrap();
        for path in [
            "a.map",
            "sub/A.MAP",
            "top",
            "top/below",
            "build/a",
            "sub/build/a",
            "build/keep.map",
            "docs/a/b/draft",
            "#odd",
        ] {
            assert!(patterns.ignore_file(path), "{path}");
        }
        for path in [
            "a.js",
            "keep.map",
            "sub/keep.map",
            "sub/top",
            "build",
            "docs/a",
            "# a comment",
        ] {
            assert!(!patterns.ignore_file(path), "{path}");
        }
    }

    #[test]
    fn a_file_that_changes_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = IgnoreFile::default();
        let is_ignored = || file.patterns(folder.path()).unwrap().ignore_file("a");
        assert!(!is_ignored());
        let path = folder.path().join(".assetsignore");
        fs::write(&path, "a").unwrap();
        assert!(is_ignored());
        fs::write(&path, "bb").unwrap();
        assert!(!is_ignored());
        fs::remove_file(path).unwrap();
        assert!(!is_ignored());
    }

    #[test]
    fn a_file_that_cannot_be_applied_is_an_error_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".assetsignore");
        let error = || {
            let patterns = IgnoreFile::default().patterns(folder.path());
            patterns.unwrap_err().to_string()
        };
        fs::write(&path, "fine\n[z-a]\n").unwrap();
        assert!(error().contains(".assetsignore: line 2: "), "{}", error());
        fs::write(&path, [0xff]).unwrap();
        assert!(error().contains("UTF-8"), "{}", error());
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(error().contains(".assetsignore: "), "{}", error());
    }
}
