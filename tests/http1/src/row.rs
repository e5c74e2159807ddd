//! The exchanges in which a server can lose the end of its answer, and the result of the old server in each.

/// One exchange.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) request: Request,
    pub(crate) handling: Handling,
    pub(crate) keep_alive: KeepAlive,
    /// The event while the answer waits for its reader.
    pub(crate) meanwhile: Meanwhile,
    /// The fate of an answer that is larger than the free send buffer, under hyper 0.14.32.
    pub(crate) old: Fate,
}

/// The request of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// No body.
    Get,
    /// A chunked form in one write; after the chunk with its closing boundary comes a chunk of two bytes.
    Form,
    /// A head that waits for `100 Continue` before its body.
    Expect,
}

/// The handling of the upload before the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handling {
    ReadsToTheEnd,
    /// Drops the upload at the closing boundary, as some multipart readers do.
    DropsAtBoundary,
    /// Answers at the boundary, and reads the rest beside the answer.
    AnswersAtBoundary,
    Ignores,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeepAlive {
    On,
    Off,
    /// The server keeps connections alive, but the request has `Connection: close`.
    Declined,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meanwhile {
    Nothing,
    /// The last chunk of the upload arrives.
    Terminator,
    /// The server is told to finish its connections.
    GracefulShutdown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Whole,
    Cut,
}

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "M1: upload dropped at its boundary, keep-alive off",
        request: Request::Form,
        handling: Handling::DropsAtBoundary,
        keep_alive: KeepAlive::Off,
        meanwhile: Meanwhile::Nothing,
        old: Fate::Cut,
    },
    Row {
        name: "M2: upload dropped at its boundary, keep-alive on",
        request: Request::Form,
        handling: Handling::DropsAtBoundary,
        keep_alive: KeepAlive::On,
        meanwhile: Meanwhile::Nothing,
        old: Fate::Cut,
    },
    Row {
        name: "M3: upload read to its end, keep-alive off",
        request: Request::Form,
        handling: Handling::ReadsToTheEnd,
        keep_alive: KeepAlive::Off,
        meanwhile: Meanwhile::Nothing,
        old: Fate::Whole,
    },
    Row {
        name: "M4: upload read to its end, keep-alive on",
        request: Request::Form,
        handling: Handling::ReadsToTheEnd,
        keep_alive: KeepAlive::On,
        meanwhile: Meanwhile::Nothing,
        old: Fate::Whole,
    },
    Row {
        name: "B1: terminator after the answer, keep-alive off",
        request: Request::Form,
        handling: Handling::AnswersAtBoundary,
        keep_alive: KeepAlive::Off,
        meanwhile: Meanwhile::Terminator,
        old: Fate::Cut,
    },
    Row {
        name: "B2: terminator after the answer, connection: close",
        request: Request::Form,
        handling: Handling::AnswersAtBoundary,
        keep_alive: KeepAlive::Declined,
        meanwhile: Meanwhile::Terminator,
        old: Fate::Cut,
    },
    Row {
        name: "B3: terminator after the answer, keep-alive on",
        request: Request::Form,
        handling: Handling::AnswersAtBoundary,
        keep_alive: KeepAlive::On,
        meanwhile: Meanwhile::Terminator,
        old: Fate::Whole,
    },
    Row {
        name: "G1: graceful shutdown while the answer waits, keep-alive off",
        request: Request::Get,
        handling: Handling::Ignores,
        keep_alive: KeepAlive::Off,
        meanwhile: Meanwhile::GracefulShutdown,
        old: Fate::Cut,
    },
    Row {
        name: "G2: graceful shutdown while the answer waits, keep-alive on",
        request: Request::Get,
        handling: Handling::Ignores,
        keep_alive: KeepAlive::On,
        meanwhile: Meanwhile::GracefulShutdown,
        old: Fate::Whole,
    },
    Row {
        name: "E1: expected continue that nobody asks for",
        request: Request::Expect,
        handling: Handling::Ignores,
        keep_alive: KeepAlive::On,
        meanwhile: Meanwhile::Nothing,
        old: Fate::Cut,
    },
];

/// The end of a form.
pub(crate) const CLOSING_BOUNDARY: &str = "--b--";
const FORM: &str =
    "--b\r\ncontent-disposition: form-data; name=\"output_format\"\r\n\r\nimage/png\r\n--b--";
const EPILOGUE: &str = "\r\n";
const TERMINATOR: &str = "0\r\n\r\n";

impl Row {
    /// The bytes that the client sends in its first write.
    pub(crate) fn opening(&self) -> String {
        let connection = match self.keep_alive {
            KeepAlive::Declined => "connection: close\r\n",
            KeepAlive::On | KeepAlive::Off => "",
        };
        let head = |method: &str, framing: &str| {
            format!("{method} / HTTP/1.1\r\nhost: images\r\n{connection}{framing}\r\n")
        };
        match self.request {
            Request::Get => head("GET", ""),
            Request::Expect => head("POST", "content-length: 99\r\nexpect: 100-continue\r\n"),
            Request::Form => {
                let head = head("POST", "transfer-encoding: chunked\r\n");
                let (form, epilogue) = (chunk(FORM), chunk(EPILOGUE));
                match self.meanwhile {
                    Meanwhile::Terminator => head + &form + &epilogue,
                    Meanwhile::Nothing | Meanwhile::GracefulShutdown => {
                        head + &form + &epilogue + TERMINATOR
                    }
                }
            }
        }
    }

    /// The bytes that it sends while the answer waits.
    pub(crate) fn closing(&self) -> &'static str {
        match self.meanwhile {
            Meanwhile::Terminator => TERMINATOR,
            Meanwhile::Nothing | Meanwhile::GracefulShutdown => "",
        }
    }
}

fn chunk(data: &str) -> String {
    format!("{:x}\r\n{data}\r\n", data.len())
}
