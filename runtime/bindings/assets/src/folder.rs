//! The files below a folder, and no others: no step of a path is a link.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fd::OwnedFd;
use rustix::fs::{CWD, Mode, OFlags, openat};

/// Maximum files of one worker: the platform's limit.
const MAX_FILES: usize = 100_000;
/// Maximum bytes of one file: the platform's limit.
pub(super) const MAX_FILE_BYTES: u64 = 25 << 20;
/// Names of files in the folder itself that are instructions, and no assets.
pub(super) const INSTRUCTIONS: [&str; 3] = ["/_headers", "/_redirects", "/.assetsignore"];

/// A folder of assets.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(super) fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Returns whether an asset has this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.open(name).is_ok_and(|file| file.is_some())
    }

    /// Opens the asset of this name, which begins with a slash; none if no regular file has the name.
    ///
    /// # Errors
    /// Fails when an existing file cannot be opened.
    pub(super) fn open(&self, name: &str) -> io::Result<Option<(File, Metadata)>> {
        let Some(relative) = name.strip_prefix('/') else {
            return Ok(None);
        };
        let is_step = |step: &str| !matches!(step, "" | "." | "..") && !step.contains('\0');
        if INSTRUCTIONS.contains(&name) || !relative.split('/').all(is_step) {
            return Ok(None);
        }
        let (folders, file) = relative.rsplit_once('/').unwrap_or(("", relative));
        match self.step_down(folders, file) {
            Ok(file) => {
                let metadata = file.metadata()?;
                Ok(metadata.is_file().then_some((file, metadata)))
            }
            Err(error) if is_absence(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn step_down(&self, folders: &str, file: &str) -> io::Result<File> {
        // The folder itself may be a link: its path is from the config.
        let root = openat(CWD, &self.root, FOLDER, Mode::empty())?;
        let mut at: OwnedFd = root;
        for folder in folders.split('/').filter(|folder| !folder.is_empty()) {
            at = openat(&at, folder, FOLDER | OFlags::NOFOLLOW, Mode::empty())?;
        }
        // Without NONBLOCK, opening a pipe waits for its writer.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        Ok(File::from(openat(&at, file, flags, Mode::empty())?))
    }

    /// Returns whether the folder exists.
    pub(super) fn exists(&self) -> bool {
        self.root.is_dir()
    }

    /// Checks the number and the sizes of the files. Returns the instructions that exist.
    ///
    /// # Errors
    /// Fails when there are too many files, one is too large, or a folder cannot be read. A missing folder has no files.
    pub(super) fn survey(&self) -> io::Result<Vec<&'static str>> {
        if self.root.exists() && !self.root.is_dir() {
            return Err(about(&self.root, "it is not a folder"));
        }
        let mut files = 0;
        let mut waiting = vec![self.root.clone()];
        while let Some(folder) = waiting.pop() {
            let entries = match std::fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if is_absence(&error) => continue,
                Err(error) => return Err(about(&folder, &error.to_string())),
            };
            for entry in entries {
                let entry = entry?;
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    waiting.push(entry.path());
                } else if kind.is_file() {
                    files += 1;
                    if entry.metadata()?.len() > MAX_FILE_BYTES {
                        return Err(about(&entry.path(), "it is larger than 25 MiB"));
                    }
                }
                if files > MAX_FILES {
                    return Err(about(&self.root, "it has more than 100000 files"));
                }
            }
        }
        let there = |name: &&str| self.root.join(name.trim_start_matches('/')).exists();
        Ok(INSTRUCTIONS.into_iter().filter(there).collect())
    }
}

const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

/// Returns whether the error means that no asset has the name: no file, a link, or a file in the place of a folder.
fn is_absence(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let absences = [
        Errno::NOENT,
        Errno::NOTDIR,
        Errno::LOOP,
        Errno::NAMETOOLONG,
        Errno::INVAL,
        Errno::NXIO,
    ];
    let number = error.raw_os_error();
    absences
        .iter()
        .any(|absence| Some(absence.raw_os_error()) == number)
}

fn about(path: &Path, what: &str) -> io::Error {
    io::Error::other(format!("{}: {what}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::{Folder, MAX_FILE_BYTES};

    /// `public/` with a file in it and one below, and a secret beside it with links to it.
    fn site() -> (TempDir, Folder) {
        let dir = tempfile::tempdir().unwrap();
        let public = dir.path().join("public");
        fs::create_dir_all(public.join("sub")).unwrap();
        fs::create_dir(dir.path().join("private")).unwrap();
        for (file, text) in [
            ("public/a.txt", "a"),
            ("public/sub/.hidden", "h"),
            ("public/_headers", "/*"),
            ("private/secret", "s"),
            ("secret", "s"),
        ] {
            fs::write(dir.path().join(file), text).unwrap();
        }
        symlink("../secret", public.join("link")).unwrap();
        symlink("../private", public.join("linked")).unwrap();
        symlink("a.txt", public.join("inner")).unwrap();
        let folder = Folder::new(public);
        (dir, folder)
    }

    #[test]
    fn regular_files_below_the_folder_are_there() {
        let (_dir, folder) = site();
        for name in ["/a.txt", "/sub/.hidden"] {
            assert!(folder.has(name), "{name}");
        }
    }

    #[test]
    fn nothing_else_is_reached_by_any_name() {
        let (dir, folder) = site();
        let absolute = format!("/{}", dir.path().join("secret").display());
        for name in [
            "",
            "/",
            "a.txt",
            "/sub",
            "/sub/",
            "/a.txt/",
            "/a.txt/x",
            "/../secret",
            "/sub/../../secret",
            "/sub/../a.txt",
            "/./a.txt",
            "//a.txt",
            "/link",
            "/linked/secret",
            "/inner",
            "/a.txt\0",
            "/\0",
            "/_headers",
            "/A.txt",
            &absolute,
            &format!("/{}", "x".repeat(5_000)),
            &"/x".repeat(3_000),
        ] {
            assert!(!folder.has(name), "{name:?}");
        }
    }

    #[test]
    fn a_pipe_is_no_file_and_is_not_waited_for() {
        let (dir, folder) = site();
        let pipe = dir.path().join("public/pipe");
        let made = std::process::Command::new("mkfifo").arg(pipe).status();
        assert!(made.unwrap().success());
        assert!(!folder.has("/pipe"));
    }

    #[test]
    fn a_file_that_is_too_large_is_named_before_anything_is_served() {
        let (dir, folder) = site();
        assert_eq!(folder.survey().unwrap(), ["/_headers"]);
        let large = fs::File::create(dir.path().join("public/sub/large.bin")).unwrap();
        large.set_len(MAX_FILE_BYTES + 1).unwrap();
        let error = folder.survey().unwrap_err().to_string();
        assert!(
            error.contains("sub/large.bin: it is larger than 25 MiB"),
            "{error}"
        );
    }

    #[test]
    fn a_folder_that_is_not_there_has_no_files_until_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(dir.path().join("later"));
        assert!(folder.survey().unwrap().is_empty());
        assert!(!folder.has("/a") && !folder.exists());
        fs::create_dir(dir.path().join("later")).unwrap();
        fs::write(dir.path().join("later/a"), "a").unwrap();
        assert!(folder.has("/a") && folder.exists());
    }

    #[test]
    fn a_file_is_no_folder_without_files() {
        let (dir, _folder) = site();
        let error = Folder::new(dir.path().join("secret")).survey();
        let error = error.unwrap_err().to_string();
        assert!(error.contains("secret: it is not a folder"), "{error}");
    }
}
