//! Links a component to the host's interfaces, and creates its instances.

use std::path::Path;
use std::sync::Arc;

use safelight_delivery::CfImages;
use safelight_gateway::{Bindings, Outbound};
use safelight_hop::log::Log;
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};
use wasmtime_wasi::WasiCtx;
use wasmtime_wasi_http::handler::{HandlerState, Instance, ProxyPre};
use wasmtime_wasi_http::p2::bindings::ProxyPre as P2Pre;
use wasmtime_wasi_http::p3::bindings::ServicePre as P3Pre;

use crate::compile::CompileError;
use crate::guest_output::GuestOutput;
use crate::guest_request::Stream;
use crate::hooks::Hooks;
use crate::instance::{self, Expiration, InstanceState, State, WasiVersion};
use crate::limits::{Ticker, WorkerLimits};
use crate::shared::Shared;

/// The environment of a worker: everything that its `env` and its `fetch` reach, and its limits.
pub struct WorkerEnv {
    /// Environment variables: `vars`, secrets, and the kinds of the bindings for the SDK.
    pub variables: Vec<(String, String)>,
    /// The bindings by name.
    pub bindings: Arc<Bindings>,
    /// The client for other hosts.
    pub outbound: Outbound,
    /// The transformation of fetched pictures, if the config enables it.
    pub cf_images: Option<CfImages>,
    /// The limits of memory and CPU time.
    pub limits: WorkerLimits,
}

/// Creates the instances of a component.
pub(crate) struct InstanceFactory {
    engine: Engine,
    pre: ProxyPre<State>,
    version: WasiVersion,
    env: WorkerEnv,
    ticker: Ticker,
    log: Log,
}

impl InstanceFactory {
    /// Links a component to the host's interfaces.
    pub(crate) fn link(
        engine: &Engine,
        path: &Path,
        component: &Component,
        env: WorkerEnv,
        log: Log,
    ) -> Result<Self, CompileError> {
        let invalid = |error| CompileError::Invalid(path.into(), error);
        let (pre, version) = link(engine, component).map_err(invalid)?;
        let ticker = Ticker::start(engine)
            .map_err(|error| CompileError::Engine(wasmtime::Error::from(error)))?;
        Ok(Self {
            engine: engine.clone(),
            pre,
            version,
            env,
            ticker,
            log,
        })
    }

    fn wasi(&self, shared: &Arc<Shared>) -> WasiCtx {
        WasiCtx::builder()
            .envs(&self.env.variables)
            .stdout(GuestOutput::new(shared.clone(), Stream::Out))
            .stderr(GuestOutput::new(shared.clone(), Stream::Err))
            .build()
    }

    fn hooks(&self, shared: &Arc<Shared>) -> Hooks {
        let WorkerEnv {
            bindings,
            outbound,
            cf_images,
            ..
        } = &self.env;
        Hooks::new(
            bindings.clone(),
            outbound.clone(),
            cf_images.clone(),
            shared.clone(),
        )
    }
}

impl HandlerState for InstanceFactory {
    type StoreData = State;
    type WorkerExpiration = Expiration;
    type WorkerState = InstanceState;

    async fn instantiate(&self) -> wasmtime::Result<Instance<State, Expiration, InstanceState>> {
        let state = State::new(
            |shared| self.wasi(shared),
            |shared| self.hooks(shared),
            self.env.limits.clone(),
            self.ticker.clone(),
            self.log.clone(),
        );
        let shared = state.shared().clone();
        let mut store = Store::new(&self.engine, state);
        instance::apply_limits(&mut store);
        let proxy = self.pre.instantiate_async(&mut store).await?;
        Ok(Instance {
            store,
            proxy,
            view: wasmtime_wasi_http::WasiHttpView::http,
            expiration: Expiration::new(shared.clone()),
            state: InstanceState::new(self.version, shared),
        })
    }
}

/// Links both versions of WASI: a 0.3 guest imports both, because Rust's standard library uses 0.2.
fn link(
    engine: &Engine,
    component: &Component,
) -> wasmtime::Result<(ProxyPre<State>, WasiVersion)> {
    let mut linker = Linker::<State>::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    let pre = linker.instantiate_pre(component)?;
    match P3Pre::new(pre.clone()) {
        Ok(pre) => Ok((ProxyPre::P3(pre), WasiVersion::P3)),
        Err(_) => {
            let pre = P2Pre::new(pre).map_err(|error| {
                error.context(
                    "it exports neither wasi:http/handler@0.3 nor wasi:http/incoming-handler@0.2",
                )
            })?;
            Ok((ProxyPre::P2(pre), WasiVersion::P2))
        }
    }
}
