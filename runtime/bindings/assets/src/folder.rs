//! The files below a folder, and no others: no step of a path is a link, private or ignored.

use std::fs::{File, Metadata};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::{CWD, Mode, OFlags, openat};

use super::ignore_file::IgnoreFile;
use super::private::{FileId, PrivatePaths, is_private_name};

/// Maximum bytes of one file: the platform's limit.
pub(super) const MAX_FILE_BYTES: u64 = 25 << 20;
/// Names of files in the folder itself that are instructions, and no assets.
pub(super) const INSTRUCTIONS: [&str; 3] = ["/_headers", "/_redirects", "/.assetsignore"];

/// A folder of assets.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    pub(super) root: PathBuf,
    /// The state of bindings and the configs.
    pub(super) private: Arc<PrivatePaths>,
    /// Whether the folder is itself private, or lies in a private one.
    pub(super) is_private: bool,
    pub(super) ignored: Arc<IgnoreFile>,
}

impl Folder {
    /// A folder that serves none of the paths in `private`, which are files or folders.
    pub(super) fn new(root: impl Into<PathBuf>, private: &[PathBuf]) -> Self {
        let (root, private) = (root.into(), PrivatePaths::new(private));
        Self {
            is_private: private.contain(&root),
            root,
            private: Arc::new(private),
            ignored: Arc::default(),
        }
    }

    /// Returns whether an asset has this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.open(name).is_ok_and(|file| file.is_some())
    }

    /// Opens the asset of this name, which begins with a slash; none if no regular file has the name.
    ///
    /// # Errors
    /// Fails when an existing file cannot be opened, or `.assetsignore` cannot be applied.
    pub(super) fn open(&self, name: &str) -> io::Result<Option<(File, Metadata)>> {
        let Some(relative) = name.strip_prefix('/') else {
            return Ok(None);
        };
        let is_step = |step: &str| !matches!(step, "" | "." | "..") && !step.contains('\0');
        if INSTRUCTIONS.contains(&name) || !relative.split('/').all(is_step) {
            return Ok(None);
        }
        if self.is_private
            || relative.split('/').any(is_private_name)
            || self.ignored.patterns(&self.root)?.ignore_file(relative)
        {
            return Ok(None);
        }
        let (folders, file) = relative.rsplit_once('/').unwrap_or(("", relative));
        match self.step_down(folders, file) {
            Ok(found) => Ok(found.filter(|(_, metadata)| metadata.is_file())),
            Err(error) if is_absence(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens the file; none if it, or a folder on the way, is private.
    fn step_down(&self, folders: &str, file: &str) -> io::Result<Option<(File, Metadata)>> {
        let private = self.private.files();
        // The folder itself may be a link: its path is from the config.
        let mut at = File::from(openat(CWD, &self.root, FOLDER, Mode::empty())?);
        for folder in folders.split('/').filter(|folder| !folder.is_empty()) {
            let flags = FOLDER | OFlags::NOFOLLOW;
            at = File::from(openat(&at, folder, flags, Mode::empty())?);
            if private.contain(FileId::from(&at.metadata()?)) {
                return Ok(None);
            }
        }
        // Without NONBLOCK, opening a pipe waits for its writer.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = File::from(openat(&at, file, flags, Mode::empty())?);
        let metadata = file.metadata()?;
        let is_private = private.contain(FileId::from(&metadata));
        Ok((!is_private).then_some((file, metadata)))
    }

    /// Returns whether the folder exists.
    pub(super) fn exists(&self) -> bool {
        self.root.is_dir()
    }
}

const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

/// Returns whether the error means that no asset has the name: no file, a link, or a file in the place of a folder.
pub(super) fn is_absence(error: &io::Error) -> bool {
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::Folder;

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
        let folder = Folder::new(public, &[]);
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
    fn private_and_ignored_files_are_not_there() {
        let dir = tempfile::tempdir().unwrap();
        for file in [
            ".env",
            ".dev.vars.staging",
            "a.txt",
            "a.map",
            "sub/.env",
            "sub/b.txt",
            ".git/config",
            "node_modules/a/a.js",
            "data/v1/index",
            "wrangler.toml",
        ] {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        fs::write(dir.path().join(".assetsignore"), "*.map").unwrap();
        fs::hard_link(dir.path().join("wrangler.toml"), dir.path().join("linked")).unwrap();
        let private = ["data", "wrangler.toml"].map(|name| dir.path().join(name));
        let folder = Folder::new(dir.path(), &private);
        for name in ["/a.txt", "/sub/b.txt"] {
            assert!(folder.has(name), "{name}");
        }
        for name in [
            "/.env",
            "/.dev.vars.staging",
            "/sub/.env",
            "/.git/config",
            "/node_modules/a/a.js",
            "/data/v1/index",
            "/wrangler.toml",
            "/linked",
            "/a.map",
            "/.assetsignore",
        ] {
            assert!(!folder.has(name), "{name}");
        }
        let state = Folder::new(dir.path().join("data/v1"), &private);
        assert!(!state.has("/index"));
        // Patterns that cannot be read hide all files rather than none.
        fs::write(dir.path().join(".assetsignore"), "[z-a]").unwrap();
        assert!(folder.open("/a.txt").is_err());
    }

    #[test]
    fn a_folder_that_is_not_there_has_no_files_until_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(dir.path().join("later"), &[]);
        assert!(!folder.has("/a") && !folder.exists());
        fs::create_dir(dir.path().join("later")).unwrap();
        fs::write(dir.path().join("later/a"), "a").unwrap();
        assert!(folder.has("/a") && folder.exists());
    }
}
