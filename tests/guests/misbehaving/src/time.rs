//! Waiting and being busy.

use safelight_sdk::{Context, Response, Result};
use wasip3::clocks::monotonic_clock;

use crate::{Query, number, option, text};

const NS_PER_MS: u64 = 1_000_000;

/// Waits without blocking the other requests of this instance.
pub(crate) async fn pause(ms: u64) {
    monotonic_clock::wait_for(ms.saturating_mul(NS_PER_MS)).await;
}

pub(crate) async fn sleep(query: &Query) -> Result<Response> {
    let ms = number(query, "ms", 100)?;
    pause(ms).await;
    Ok(text(format!("slept {ms} ms\n")))
}

pub(crate) fn spin_ms(query: &Query) -> Result<Response> {
    let ms = number(query, "ms", 100)?;
    let end = monotonic_clock::now().saturating_add(ms.saturating_mul(NS_PER_MS));
    while monotonic_clock::now() < end {
        std::hint::spin_loop();
    }
    Ok(text(format!("was busy for {ms} ms\n")))
}

pub(crate) fn wait_until(query: &Query, ctx: &Context) -> Result<Response> {
    let ms = number(query, "ms", 100)?;
    let id = option(query, "id").unwrap_or("0").to_owned();
    ctx.wait_until(async move {
        pause(ms).await;
        println!("after the response {id}");
        Err("and this failed on purpose".into())
    });
    Ok(text("answered\n".to_owned()))
}
