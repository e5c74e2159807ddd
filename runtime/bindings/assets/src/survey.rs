//! The files of a folder at the start: their number, their sizes, and what is not served.

use std::io;
use std::path::Path;

use super::folder::{Folder, INSTRUCTIONS, MAX_FILE_BYTES, is_absence};
use super::private::{FileId, is_private_name};

/// Maximum files of one worker: the platform's limit.
const MAX_FILES: usize = 100_000;
/// Maximum private entries that a survey names.
const MAX_NAMED: usize = 8;

/// The content of a folder of assets that is not served.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// The names of files that are instructions, and are not applied.
    pub not_applied: Vec<&'static str>,
    /// The first entries that are never assets, such as `.git`, by their paths in the folder.
    pub private: Vec<String>,
    /// The number of further ones.
    pub further_private: usize,
    /// Whether the folder is itself private: nothing of it is served.
    pub is_private: bool,
}

impl Survey {
    fn add_private(&mut self, path: &str) {
        match self.private.len() < MAX_NAMED {
            true => self.private.push(path.to_owned()),
            false => self.further_private += 1,
        }
    }
}

impl Folder {
    /// Checks the number and the sizes of the files.
    ///
    /// # Errors
    /// Fails when there are too many files, one is too large, or a folder or `.assetsignore` cannot be read. A missing folder
    /// has no files.
    pub(super) fn survey(&self) -> io::Result<Survey> {
        let mut survey = Survey::default();
        let root = &self.root;
        if root.exists() && !root.is_dir() {
            return Err(about(root, "it is not a folder"));
        }
        if self.is_private {
            survey.is_private = true;
            return Ok(survey);
        }
        let ignored = self.ignored.patterns(root)?;
        let private = self.private.files();
        let mut files = 0;
        let mut waiting = vec![String::new()];
        while let Some(folder) = waiting.pop() {
            let entries = match std::fs::read_dir(root.join(&folder)) {
                Ok(entries) => entries,
                Err(error) if is_absence(&error) => continue,
                Err(error) => return Err(about(&root.join(&folder), &error.to_string())),
            };
            for entry in entries {
                let entry = entry?;
                let kind = entry.file_type()?;
                // No request can have a name that is not UTF-8.
                let Ok(name) = entry.file_name().into_string() else {
                    continue;
                };
                let path = match folder.as_str() {
                    "" => name.clone(),
                    folder => format!("{folder}/{name}"),
                };
                let is_served = match kind.is_dir() {
                    true => !ignored.ignore_folder(&path),
                    // Links and devices are no assets.
                    false => kind.is_file() && !ignored.ignore_file(&path),
                };
                if !is_served {
                    continue;
                }
                let metadata = entry.metadata()?;
                if is_private_name(&name) || private.contain(FileId::from(&metadata)) {
                    survey.add_private(&path);
                } else if kind.is_dir() {
                    waiting.push(path);
                } else {
                    files += 1;
                    if metadata.len() > MAX_FILE_BYTES {
                        return Err(about(&entry.path(), "it is larger than 25 MiB"));
                    }
                }
                if files > MAX_FILES {
                    return Err(about(root, "it has more than 100000 files"));
                }
            }
        }
        survey.private.sort();
        let [headers, redirects, _] = INSTRUCTIONS;
        let there = |name: &&str| root.join(name.trim_start_matches('/')).exists();
        survey.not_applied = [headers, redirects].into_iter().filter(there).collect();
        Ok(survey)
    }
}

fn about(path: &Path, what: &str) -> io::Error {
    io::Error::other(format!("{}: {what}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::{MAX_FILE_BYTES, Survey};
    use crate::folder::Folder;

    fn site(files: &[&str]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        folder
    }

    fn large(folder: &TempDir, file: &str) {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let file = fs::File::create(path).unwrap();
        file.set_len(MAX_FILE_BYTES + 1).unwrap();
    }

    #[test]
    fn a_file_that_is_too_large_is_named_before_anything_is_served() {
        let site = site(&["_headers", "a.txt"]);
        let folder = Folder::new(site.path(), &[]);
        assert_eq!(folder.survey().unwrap().not_applied, ["/_headers"]);
        large(&site, "sub/large.bin");
        let error = folder.survey().unwrap_err().to_string();
        assert!(
            error.contains("sub/large.bin: it is larger than 25 MiB"),
            "{error}"
        );
    }

    #[test]
    fn what_is_not_served_is_neither_counted_nor_measured() {
        let site = site(&[".assetsignore", "a.txt"]);
        fs::write(site.path().join(".assetsignore"), "/raw\n*.bin\n").unwrap();
        for file in ["node_modules/a", "raw/b", "sub/c.bin"] {
            large(&site, file);
        }
        let survey = Folder::new(site.path(), &[]).survey().unwrap();
        assert_eq!(survey.private, ["node_modules"]);
    }

    #[test]
    fn entries_that_are_never_assets_are_named() {
        let site = site(&[
            ".dev.vars",
            ".env.local",
            ".git/config",
            "sub/.env",
            "sub/a.txt",
            "data/v1/lock",
            "wrangler.toml",
            "other.toml",
        ]);
        let private = ["data", "wrangler.toml", "missing"].map(|name| site.path().join(name));
        let survey = Folder::new(site.path(), &private).survey().unwrap();
        let expected = [
            ".dev.vars",
            ".env.local",
            ".git",
            "data",
            "sub/.env",
            "wrangler.toml",
        ];
        assert_eq!(survey.private, expected);
        for index in 0..5 {
            fs::write(site.path().join(format!(".env{index}")), "").unwrap();
        }
        let survey = Folder::new(site.path(), &private).survey().unwrap();
        assert_eq!((survey.private.len(), survey.further_private), (8, 3));
    }

    #[test]
    fn a_folder_that_is_private_has_no_files() {
        let site = site(&[
            "data/v1/r2/index",
            ".git/hooks/a",
            "node_modules/a/dist/a.js",
        ]);
        let private = [site.path().join("data")];
        for (folder, is_private) in [
            ("data", true),
            ("data/v1/r2", true),
            (".git/hooks", true),
            ("node_modules", true),
            ("node_modules/a/dist", false),
            ("", false),
        ] {
            let survey = Folder::new(site.path().join(folder), &private).survey();
            assert_eq!(survey.unwrap().is_private, is_private, "{folder}");
        }
    }

    #[test]
    fn a_file_is_no_folder_without_files() {
        let site = site(&["secret"]);
        let error = Folder::new(site.path().join("secret"), &[]).survey();
        let error = error.unwrap_err().to_string();
        assert!(error.contains("secret: it is not a folder"), "{error}");
    }

    #[test]
    fn a_folder_that_is_not_there_has_no_files() {
        let site = site(&[]);
        let survey = Folder::new(site.path().join("later"), &[]).survey();
        assert_eq!(survey.unwrap(), Survey::default());
    }
}
