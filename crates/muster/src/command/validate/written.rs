//! Which reports are written where.

use std::path::{Path, PathBuf};

use validator::Report;
use validator::report::Format;

use crate::output::{Doing as _, Failure, Result};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Writing {
    pub(super) format: Format,
    /// `None`: standard output.
    pub(super) file: Option<PathBuf>,
}

/// Pairs of `--report` and `-o` in their order; `-o` alone tells by its ending; `--report` alone goes to standard
/// output. Files are tried before the run, so that half an hour is not spent on a misspelt folder.
pub(super) fn plan(formats: &[String], files: &[PathBuf]) -> Result<Vec<Writing>> {
    let parsed = |text: &String| {
        Format::parse(text).ok_or_else(|| Failure::new(format!("there is no report format {text}")))
    };
    let formats: Vec<Format> = formats.iter().map(parsed).collect::<Result<_>>()?;
    let writings: Vec<Writing> = match (formats.as_slice(), files) {
        ([format], []) => vec![Writing { format: *format, file: None }],
        ([], files) => files.iter().map(|file| of_ending(file)).collect::<Result<_>>()?,
        (formats, files) if formats.len() == files.len() => formats
            .iter()
            .zip(files)
            .map(|(f, file)| Writing { format: *f, file: Some(file.clone()) })
            .collect(),
        (formats, files) => {
            let text = format!("{} --report and {} -o do not pair up", formats.len(), files.len());
            return Err(
                Failure::new(text).hint("one --report for each -o, or -o alone: its ending tells the format")
            );
        }
    };
    for writing in &writings {
        if let Some(folder) = writing.file.as_deref().and_then(Path::parent)
            && !folder.as_os_str().is_empty()
            && !folder.is_dir()
        {
            return Err(
                Failure::new(format!("there is no folder {}", folder.display())).hint("make it first")
            );
        }
    }
    Ok(writings)
}

fn of_ending(file: &Path) -> Result<Writing> {
    let ending = file.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    let format = match ending.as_str() {
        "html" | "htm" => Format::Html,
        "json" => Format::Json,
        "xml" => Format::JUnit,
        "sarif" => Format::Sarif,
        "md" => Format::Markdown,
        _ => {
            return Err(Failure::new(format!("{}: its ending tells no format", file.display())).hint(
                "end it in .html, .json, .xml (JUnit), .sarif or .md, or say --report FORMAT before it",
            ));
        }
    };
    Ok(Writing { format, file: Some(file.to_owned()) })
}

pub(super) fn write(writings: &[Writing], report: &Report) -> Result<()> {
    for Writing { format, file } in writings {
        if let Some(file) = file {
            std::fs::write(file, format.write(report)).doing(file.display())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_and_files_pair_up() {
        let planned = |formats: &[&str], files: &[&str]| {
            let formats: Vec<String> = formats.iter().map(|f| (*f).to_owned()).collect();
            let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
            plan(&formats, &files).ok().map(|writings| {
                let shown = |w: &Writing| {
                    let file = w.file.as_ref().map_or("-".to_owned(), |f| f.display().to_string());
                    format!("{}:{file}", w.format.as_str())
                };
                writings.iter().map(shown).collect::<Vec<_>>().join(" ")
            })
        };
        let table: &[(&[&str], &[&str], Option<&str>)] = &[
            (&[], &[], Some("")),
            (&["junit"], &["a.txt"], Some("junit:a.txt")),
            (&["html", "sarif"], &["a", "b"], Some("html:a sarif:b")),
            (
                &[],
                &["a.html", "b.xml", "c.SARIF", "d.md", "e.json"],
                Some("html:a.html junit:b.xml sarif:c.SARIF md:d.md json:e.json"),
            ),
            (&["md"], &[], Some("md:-")),
            (&["md", "html"], &["a"], None),
            (&["md", "html"], &[], None),
            (&["pdf"], &["a"], None),
            (&[], &["a.txt"], None),
            (&[], &["no/such/folder/a.md"], None),
        ];
        for (formats, files, expected) in table {
            assert_eq!(planned(formats, files).as_deref(), *expected, "{formats:?} {files:?}");
        }
    }
}
