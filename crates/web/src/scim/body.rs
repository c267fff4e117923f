//! Reading a request's body: bounded in bytes and in time.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use scim::limits::BODY_BYTES;

use super::reply::Refusal;
use crate::router::BODY_TIMEOUT;

/// Bytes of a body that is too long that are read and thrown away, so that the client reads the answer instead of a reset.
const DISCARDED_BYTES: usize = 8 * BODY_BYTES;
const DISCARD_TIMEOUT: Duration = Duration::from_secs(2);

/// # Errors
/// 413, 408, or 400 when the body ends early.
pub(crate) async fn read(headers: &HeaderMap, mut body: Body) -> Result<Bytes, Refusal> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|bytes| bytes > BODY_BYTES as u64) {
        // RFC 9110 §10.1.1: a client that waits for 100 has sent nothing that could be thrown away.
        if !headers.contains_key(header::EXPECT) {
            discard(&mut body).await;
        }
        return Err(too_large());
    }
    match tokio::time::timeout(BODY_TIMEOUT, collect(&mut body)).await {
        Ok(Ok(Some(bytes))) => Ok(bytes),
        Ok(Ok(None)) => {
            discard(&mut body).await;
            Err(too_large())
        }
        Ok(Err(_)) => Err(Refusal::new(StatusCode::BAD_REQUEST, "the body ended before it was complete")),
        Err(_) => {
            Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body took longer than 30 seconds to arrive"))
        }
    }
}

/// `None` when it is too long.
async fn collect(body: &mut Body) -> Result<Option<Bytes>, axum::Error> {
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if whole.len() + data.len() > BODY_BYTES {
            return Ok(None);
        }
        whole.extend_from_slice(&data);
    }
    Ok(Some(whole.freeze()))
}

async fn discard(body: &mut Body) {
    let reading = async {
        let mut discarded = 0;
        while let Some(Ok(frame)) = body.frame().await {
            discarded += frame.data_ref().map_or(0, Bytes::len);
            if discarded > DISCARDED_BYTES {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(DISCARD_TIMEOUT, reading).await;
}

fn too_large() -> Refusal {
    let detail = format!("the body is larger than {BODY_BYTES} bytes, the most that is accepted");
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}
