//! A running service on a socket of its own.

use std::path::PathBuf;

use safelight_images::{Limits, PixelProgram, run};
use safelight_net::socket::{BoundSocket, SocketFile, bind};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle};

use crate::{
    client::{Answer, Client},
    form::Form,
};

/// A service that ends with the test.
pub(crate) struct Service {
    path: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<std::io::Result<()>>,
    _file: SocketFile,
    _folder: TempDir,
}

impl Service {
    pub(crate) fn start() -> Self {
        Self::with(Limits::default())
    }

    pub(crate) fn with(limits: Limits) -> Self {
        Self::with_arguments(limits, &[])
    }

    /// Starts a service whose pixel processes have these arguments.
    pub(crate) fn with_arguments(limits: Limits, arguments: &[&str]) -> Self {
        let program = PixelProgram {
            program: env!("CARGO_BIN_EXE_safelight-pixels").into(),
            arguments: arguments.iter().map(Into::into).collect(),
        };
        Self::with_program(limits, program)
    }

    /// Starts a service whose pixel processes have this program.
    pub(crate) fn with_program(limits: Limits, program: PixelProgram) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("images.sock");
        let BoundSocket { listener, file } = bind(&path).unwrap();
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(run(listener, limits, program, async {
            let _ = stopped.await;
        }));
        Self {
            path,
            stop: Some(stop),
            server,
            _file: file,
            _folder: folder,
        }
    }

    pub(crate) async fn connect(&self) -> Client {
        Client::connect(&self.path)
            .await
            .expect("a running service")
    }

    /// Sends one form on a connection of its own.
    pub(crate) async fn post(&self, form: &Form) -> Answer {
        let mut client = self.connect().await;
        client.send(&form.chunked(8192)).await;
        client.answer().await
    }

    /// Tells the service to end; the rest is to be awaited with [`Self::ended`].
    pub(crate) fn stop(&mut self) {
        self.stop.take().expect("stopped once").send(()).unwrap();
    }

    pub(crate) async fn ended(self) -> std::io::Result<()> {
        self.server.await.unwrap()
    }
}
