//! A worker that imports an interface which no host has, so that linking fails and names the interface.

use safelight_sdk::{Context, Env, Request, Response, Result, http::StatusCode, response};

#[link(wasm_import_module = "acme:missing/thing")]
unsafe extern "C" {
    fn answer() -> u32;
}

/// Types the import for the component's linker. It is the encoding of
///
/// ```wit
/// package acme:missing;
/// interface thing { answer: func() -> u32; }
/// world worker { import thing; }
/// ```
///
/// written out, because the generator takes longer to compile than all other guests together.
#[unsafe(link_section = "component-type:acme:missing:worker")]
#[used]
static WORLD: [u8; 123] = *b"\
\0asm\x0d\0\x01\0\0\x19\x16wit-component-encoding\x04\0\x07H\x01A\x02\x01A\x02\x01\
B\x02\x01@\0\0y\x04\0\x06answer\x01\0\x03\0\x12acme:missing/thing\x05\0\x04\0\x13\
acme:missing/worker\x04\0\x0b\x0c\x01\0\x06worker\x03\0\0";

safelight_sdk::fetch!(fetch);

async fn fetch(_request: Request, _env: Env, _ctx: Context) -> Result<Response> {
    // SAFETY: the function takes nothing and returns a number, as its type above says.
    let answer = unsafe { answer() };
    Ok(response::text(StatusCode::OK, format!("{answer}\n")))
}
