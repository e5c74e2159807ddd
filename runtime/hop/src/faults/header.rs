//! The faults of one request: a header that the dev server reads and removes, so that no worker sees it.

use http::HeaderMap;
use safelight_protocol::headers::FAULT;

use super::error::FaultError;
use super::fault::Fault;
use super::set::{FaultSet, Targets};

/// Most faults of one request.
const MAX_FAULTS: usize = 16;

/// Removes the faults from a request's headers.
///
/// # Errors
/// Fails when a fault is malformed or cannot apply.
pub fn take(
    headers: &mut HeaderMap,
    targets: &Targets,
) -> Result<Option<FaultSet>, FaultHeaderError> {
    if !headers.contains_key(FAULT) {
        return Ok(None);
    }
    let faults = headers
        .get_all(FAULT)
        .iter()
        .enumerate()
        .map(|(index, value)| {
            let text = value.to_str().unwrap_or_default();
            read(index, text, targets).map_err(|error| FaultHeaderError {
                text: text.chars().take(MAX_SHOWN_CHARS).collect(),
                error,
            })
        })
        .collect::<Result<Vec<_>, _>>();
    headers.remove(FAULT);
    Ok(Some(FaultSet::new(faults?)))
}

/// Most characters of a refused text that the answer repeats.
const MAX_SHOWN_CHARS: usize = 80;

fn read(index: usize, text: &str, targets: &Targets) -> Result<Fault, FaultError> {
    if index >= MAX_FAULTS {
        return Err(FaultError::TooMany(MAX_FAULTS));
    }
    if text.is_empty() {
        return Err(FaultError::NotText);
    }
    let fault = text.parse()?;
    targets.check(&fault)?;
    Ok(fault)
}

/// The error of a header with an invalid fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultHeaderError {
    text: String,
    error: FaultError,
}

impl std::fmt::Display for FaultHeaderError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{FAULT}: `{}` {}", self.text, self.error)
    }
}

impl std::error::Error for FaultHeaderError {}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use safelight_protocol::BindingKind;

    use super::{FAULT, MAX_FAULTS, take};
    use crate::faults::set::Targets;

    fn taken(values: &[&str]) -> (HeaderMap, Result<String, String>) {
        let targets = Targets::new([("IMAGES".to_owned(), Some(BindingKind::Images))]);
        let mut headers = HeaderMap::new();
        headers.insert("x-other", HeaderValue::from_static("stays"));
        for value in values {
            headers.append(FAULT, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let taken = take(&mut headers, &targets);
        let shown = taken.map(|set| set.map_or("none".to_owned(), |set| set.to_string()));
        (headers, shown.map_err(|error| error.to_string()))
    }

    #[test]
    fn all_faults_of_a_request_are_taken_out_of_it() {
        let (headers, faults) = taken(&["IMAGES:hang", "*:delay=5,nth=2"]);
        assert_eq!(faults.unwrap(), "IMAGES:hang *:delay=5,nth=2");
        assert_eq!(headers.keys().collect::<Vec<_>>(), ["x-other"]);
    }

    #[test]
    fn a_request_without_the_header_has_no_faults() {
        assert_eq!(taken(&[]).1.unwrap(), "none");
    }

    #[test]
    fn a_malformed_or_impossible_fault_is_refused_by_its_text() {
        let refused = |values: &[&str]| taken(values).1.unwrap_err();
        assert_eq!(
            refused(&["IMAGES:hang", "IMAGES:jump"]),
            "safelight-fault: `IMAGES:jump` has an unknown term `jump`"
        );
        assert_eq!(
            refused(&["NOPE:hang"]),
            "safelight-fault: `NOPE:hang` is aimed at NOPE, which the worker does not have; it has: IMAGES"
        );
        assert_eq!(refused(&["ä"]), "safelight-fault: `` is not plain text");
        let many = vec!["IMAGES:hang"; MAX_FAULTS + 1];
        assert!(refused(&many).contains("more than 16 faults"));
    }
}
