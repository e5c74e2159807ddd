//! The options of a run on the command line, together with the config: faults and the address.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;
use safelight_config::{Config, Dev, Run};
use safelight_hop::faults::{Fault, FaultSet};
use tokio::net::TcpListener;

use crate::front::traces::TraceOptions;

/// The options of a run on the command line. They have precedence over the config.
#[derive(Clone, Debug, Default)]
pub struct DevOptions {
    /// Address to listen on.
    pub ip: Option<IpAddr>,
    /// Port to listen on; 0 takes any free one.
    pub port: Option<u16>,
    /// Faults, in addition to those of the config.
    pub faults: Vec<Fault>,
    /// The options for traces.
    pub trace: TraceOptions,
    /// Folder of the state of bindings.
    pub persist_to: Option<PathBuf>,
    /// Folder for the forms of Images calls that ended a pixel process.
    pub keep_crashers: Option<PathBuf>,
    /// Path of a Unix socket on which foreign runtimes reach the bindings.
    pub bindings_socket: Option<PathBuf>,
}

impl DevOptions {
    /// Checks that each fault of the command line applies to a hop of a worker.
    ///
    /// # Errors
    /// Fails when a fault applies to no hop.
    pub(super) fn check_faults(&self, run: &Run) -> anyhow::Result<()> {
        for fault in &self.faults {
            // The first worker's message is the one for a run of one.
            let mut checks = run.configs().map(|config| config.targets().check(fault));
            if let Some(Err(error)) = checks.next()
                && !checks.any(|check| check.is_ok())
            {
                bail!("--fault `{fault}` {error}");
            }
        }
        Ok(())
    }

    /// Returns the faults of a worker's config, then those of the command line that apply to its hops.
    pub(super) fn faults(&self, config: &Config) -> Arc<FaultSet> {
        let targets = config.targets();
        let is_possible = |fault: &&Fault| targets.check(fault).is_ok();
        let requested = self.faults.iter().filter(is_possible);
        let faults = config.faults.iter().chain(requested);
        Arc::new(FaultSet::new(faults.cloned()))
    }

    /// Binds the address of the command line, or that of the config.
    ///
    /// # Errors
    /// Fails when the port is taken.
    pub(super) async fn listen(&self, config: &Config) -> anyhow::Result<TcpListener> {
        let ip = self.ip.or(config.dev.ip).unwrap_or(Dev::DEFAULT_IP);
        let port = self.port.or(config.dev.port).unwrap_or(Dev::DEFAULT_PORT);
        let address = SocketAddr::new(ip, port);
        TcpListener::bind(address)
            .await
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::AddrInUse => anyhow::anyhow!(
                    "port {port} on {ip} is taken by another program; choose another with --port"
                ),
                _ => anyhow::Error::new(error).context(format!("listen on {address}")),
            })
    }
}
