//! Headers on their way to the host.

use http::{HeaderMap, HeaderValue, header::CONTENT_LENGTH};
use wasip3::http::types::{Fields, HeaderError};

use crate::{Body, Error, Result, request::content_length};

/// Sets `content-length` where the length of the body is known and the author has not set it.
///
/// # Errors
/// Fails when the author has set another length. An empty body may declare any length, as answers to `HEAD` do.
pub(crate) fn declare_length(headers: &mut HeaderMap, body: &Body) -> Result<()> {
    let Some(length) = body.length() else {
        return Ok(());
    };
    if !headers.contains_key(CONTENT_LENGTH) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    } else if length > 0 && content_length(headers) != Some(length) {
        let declared = headers
            .get(CONTENT_LENGTH)
            .map(HeaderValue::as_bytes)
            .unwrap_or_default()
            .escape_ascii();
        return Err(Error::Unsendable(format!(
            "the header content-length is {declared}, but the body has {length} bytes"
        )));
    }
    Ok(())
}

/// Hands headers to the host.
///
/// # Errors
/// Fails when the host refuses a header, and names the header.
pub(crate) fn into_wasi(headers: &HeaderMap) -> Result<Fields> {
    let entries: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect();
    Fields::from_list(&entries).map_err(|error| {
        // The host does not say which header it was, so each is tried alone.
        let culprit = entries
            .into_iter()
            .find(|entry| Fields::from_list(std::slice::from_ref(entry)).is_err());
        let name = culprit.map_or_else(|| "together".to_owned(), |(name, _)| name);
        Error::Unsendable(format!(
            "the host refuses the header {name}: {}",
            reason(&error)
        ))
    })
}

fn reason(error: &HeaderError) -> &str {
    match error {
        HeaderError::InvalidSyntax => "its syntax is wrong",
        HeaderError::Forbidden => "it belongs to the connection, which is the host's",
        HeaderError::Immutable => "it cannot be changed",
        HeaderError::SizeExceeded => "it is too large",
        HeaderError::Other(text) => text.as_deref().unwrap_or("it gives no reason"),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header::CONTENT_LENGTH};

    use super::declare_length;
    use crate::Body;

    fn declared(author: Option<&'static str>, body: &Body) -> Result<Option<HeaderValue>, String> {
        let mut headers = HeaderMap::new();
        headers.extend(author.map(|length| (CONTENT_LENGTH, HeaderValue::from_static(length))));
        declare_length(&mut headers, body).map_err(|error| error.to_string())?;
        Ok(headers.remove(CONTENT_LENGTH))
    }

    #[test]
    fn a_known_length_is_declared_for_text_and_bytes_and_nothing_else() {
        assert_eq!(declared(None, &"hello".into()).unwrap().unwrap(), "5");
        assert_eq!(
            declared(None, &vec![0; 300_000].into()).unwrap().unwrap(),
            "300000"
        );
        assert_eq!(declared(None, &Body::empty()).unwrap().unwrap(), "0");
        assert_eq!(
            declared(None, &Body::stream(async |_| Ok(()))).unwrap(),
            None
        );
    }

    #[test]
    fn a_length_that_contradicts_the_body_is_refused() {
        assert_eq!(
            declared(Some("4"), &"hello".into()).unwrap_err(),
            "the header content-length is 4, but the body has 5 bytes"
        );
    }

    #[test]
    fn an_answer_to_head_may_declare_a_body_that_it_does_not_have() {
        assert_eq!(declared(Some("4"), &Body::empty()).unwrap().unwrap(), "4");
    }
}
