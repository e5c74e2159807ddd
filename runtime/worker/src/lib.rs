//! A worker: compiled and linked once, then asked for an answer per request.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use http_body_util::BodyExt;
use safelight_net::deadline::Deadlines;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store, Trap};
use wasmtime_wasi::WasiCtx;
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::handler::{
    ExpirationError, HandlerState, Instance, InstantiationError, ProxyHandler, ProxyPre,
};
use wasmtime_wasi_http::p2::bindings::ProxyPre as P2Pre;
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode as P2ErrorCode;
use wasmtime_wasi_http::p3::bindings::ServicePre as P3Pre;
use wasmtime_wasi_http::p3::bindings::http::types::ErrorCode as P3ErrorCode;

use crate::bindings::Bindings;
use crate::bindings::assets::site::Site;
use crate::bindings::r2::public::PublicBuckets;
use crate::body::Guarded;
use crate::cf_image::CfImages;
use crate::compile::CompileError;
use crate::error::Failure;
use crate::faults::{FaultSet, Targets};
use crate::hooks::{GuestOutput, Hooks};
use crate::instance::{self, Expiration, Generation, InstanceState, Shared, State, Ticket};
use crate::limits::{Ticker, WorkerLimits};
use crate::log::Log;
use crate::outbound::Outbound;
use crate::record::{RequestRecord, Stream};

/// Requests that are inside a worker at the same time; further ones wait for a place. As many calls of other workers
/// may be there besides, and further ones of these fail.
const CONCURRENT_REQUESTS: usize = 1_024;

/// What a worker may know and reach.
pub struct Grants {
    /// The worker's own name.
    pub name: String,
    /// Environment variables: `vars`, and what the SDK needs to know of the bindings.
    pub env: Vec<(String, String)>,
    /// The bindings by name.
    pub bindings: Bindings,
    /// The buckets that answer clients before anything else does.
    pub public: PublicBuckets,
    /// The files that answer before the worker does.
    pub site: Option<Site>,
    /// Pictures that are changed on their way, if the config has them.
    pub cf_images: Option<CfImages>,
    /// Memory and CPU time.
    pub limits: WorkerLimits,
    /// How long another host may make no progress.
    pub deadlines: Deadlines,
    /// What breaks on purpose, for the whole run.
    pub faults: Arc<FaultSet>,
    /// What faults can be aimed at.
    pub targets: Targets,
}

/// A worker that is ready to answer.
pub struct Worker {
    /// None where files are all there is.
    handler: Option<ProxyHandler<Recipe>>,
    public: PublicBuckets,
    site: Option<Site>,
    places: Arc<Semaphore>,
    places_of_calls: Arc<Semaphore>,
    targets: Targets,
}

impl Worker {
    /// Links a component to what the host offers.
    ///
    /// # Errors
    /// When it imports what the host does not have, which the error names, or exports no HTTP handler.
    pub fn link(
        engine: &Engine,
        path: &Path,
        component: &Component,
        grants: Grants,
        log: Log,
    ) -> Result<Self, CompileError> {
        let invalid = |error| CompileError::Invalid(path.into(), error);
        let (pre, generation) = link(engine, component).map_err(invalid)?;
        let ticker = Ticker::start(engine)
            .map_err(|error| CompileError::Engine(wasmtime::Error::from(error)))?;
        let recipe = Recipe {
            engine: engine.clone(),
            pre,
            generation,
            env: grants.env,
            bindings: Arc::new(grants.bindings),
            outbound: Outbound::to_the_web(&grants.name, grants.deadlines, grants.faults),
            cf_images: grants.cf_images,
            limits: grants.limits,
            ticker,
            log,
        };
        let handler = Some(ProxyHandler::new(recipe));
        let front = (grants.public, grants.site);
        Ok(Self::new(handler, front, grants.targets))
    }

    /// What answers where there is no component: files, and buckets before them.
    pub fn of_files(grants: Grants) -> Self {
        Self::new(None, (grants.public, grants.site), grants.targets)
    }

    fn new(
        handler: Option<ProxyHandler<Recipe>>,
        (public, site): (PublicBuckets, Option<Site>),
        targets: Targets,
    ) -> Self {
        Self {
            handler,
            public,
            site,
            places: Arc::new(Semaphore::new(CONCURRENT_REQUESTS)),
            places_of_calls: Arc::new(Semaphore::new(CONCURRENT_REQUESTS)),
            targets,
        }
    }

    /// What the faults of a request can be aimed at.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// Has the worker, or a bucket or a file in front of it, answer a request, whose URI must be absolute.
    ///
    /// # Errors
    /// When there is no answer, with the reason as far as it is known.
    pub async fn answer(
        &self,
        request: http::Request<WasiBody>,
        record: &Arc<RequestRecord>,
    ) -> Result<http::Response<WasiBody>, Failure> {
        let (parts, body) = request.into_parts();
        if let Some(response) = self.public.answer(&parts, record).await {
            return Ok(response);
        }
        let request = http::Request::from_parts(parts, body);
        let Ok(place) = self.places.clone().acquire_owned().await else {
            return Err(Failure::NoAnswer("the worker is shut down".into()));
        };
        self.answer_in(place, request, record).await
    }

    /// The same for another worker, which does not wait for a place: workers that wait for each other's would never end.
    /// Nor does it find public buckets here, since they are no part of the worker.
    ///
    /// # Errors
    /// When there is no place or no answer.
    pub async fn answer_call(
        &self,
        request: http::Request<WasiBody>,
        record: &Arc<RequestRecord>,
    ) -> Result<http::Response<WasiBody>, Failure> {
        let Ok(place) = self.places_of_calls.clone().try_acquire_owned() else {
            let what = format!("it has {CONCURRENT_REQUESTS} calls of other workers already");
            return Err(Failure::NoAnswer(what));
        };
        self.answer_in(place, request, record).await
    }

    async fn answer_in(
        &self,
        place: OwnedSemaphorePermit,
        request: http::Request<WasiBody>,
        record: &Arc<RequestRecord>,
    ) -> Result<http::Response<WasiBody>, Failure> {
        let request = match &self.site {
            Some(site) => {
                let (parts, body) = request.into_parts();
                if let Some(response) = site.answer(&parts).await {
                    return Ok(response);
                }
                http::Request::from_parts(parts, body)
            }
            None => request,
        };
        let Some(handler) = &self.handler else {
            return Err(Failure::NoAnswer("there is no worker".into()));
        };
        let taken_by = Arc::new(OnceLock::new());
        // Dropped with this future, which tells the instance that nobody waits any more.
        let (_waiting, waiting) = oneshot::channel();
        let ticket = Ticket {
            record: record.clone(),
            taken_by: taken_by.clone(),
            waiting,
        };
        match handler.handle(ticket, request).await {
            Ok(response) => Ok(match taken_by.get() {
                Some(shared) => response.map(|body| {
                    // What is printed while the body is written belongs to the same record.
                    let kept = (OpenBody::of(shared), place, record.clone());
                    Guarded::new(body, shared.dead.clone(), kept).boxed_unsync()
                }),
                None => response,
            }),
            Err(error) => Err(failure(&error, taken_by.get()).await),
        }
    }
}

/// Counts a response's body among those that its instance still has to write.
struct OpenBody(Arc<Shared>);

impl OpenBody {
    fn of(shared: &Arc<Shared>) -> Self {
        shared.open_bodies.fetch_add(1, Ordering::Relaxed);
        Self(shared.clone())
    }
}

impl Drop for OpenBody {
    fn drop(&mut self) {
        self.0.open_bodies.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn failure(error: &wasmtime::Error, taken_by: Option<&Arc<Shared>>) -> Failure {
    if let Some(error) = error.downcast_ref::<InstantiationError<Ticket>>() {
        return Failure::Instantiation(match error.error.downcast_ref() {
            Some(Trap::Interrupt) => "it used more than its CPU limit while starting".into(),
            Some(_) | None => format!("{:#}", error.error),
        });
    }
    if error.downcast_ref::<ExpirationError>().is_some() {
        return Failure::Expired;
    }
    if let Some(code) = error.downcast_ref::<P3ErrorCode>() {
        return Failure::Returned(match code {
            P3ErrorCode::InternalError(Some(text)) => text.clone(),
            other => format!("{other:?}"),
        });
    }
    if let Some(code) = error.downcast_ref::<P2ErrorCode>() {
        return Failure::Returned(match code {
            P2ErrorCode::InternalError(Some(text)) => text.clone(),
            other => format!("{other:?}"),
        });
    }
    // Of a 0.2 worker's death the engine says at first only that there was no answer.
    if let Some(shared) = taken_by
        && let Some(death) = shared.death().await
    {
        return Failure::Died(death);
    }
    Failure::NoAnswer(format!("{error:#}"))
}

/// Everything that a new instance is made of.
struct Recipe {
    engine: Engine,
    pre: ProxyPre<State>,
    generation: Generation,
    env: Vec<(String, String)>,
    bindings: Arc<Bindings>,
    outbound: Outbound,
    cf_images: Option<CfImages>,
    limits: WorkerLimits,
    ticker: Ticker,
    log: Log,
}

impl Recipe {
    fn wasi(&self, shared: &Arc<Shared>) -> WasiCtx {
        WasiCtx::builder()
            .envs(&self.env)
            .stdout(GuestOutput::new(shared.clone(), Stream::Out))
            .stderr(GuestOutput::new(shared.clone(), Stream::Err))
            .build()
    }

    fn hooks(&self, shared: &Arc<Shared>) -> Hooks {
        Hooks::new(self.bindings.clone(), self.outbound.clone(), shared.clone())
            .with_cf_images(self.cf_images.clone())
    }
}

impl HandlerState for Recipe {
    type StoreData = State;
    type WorkerExpiration = Expiration;
    type WorkerState = InstanceState;

    async fn instantiate(&self) -> wasmtime::Result<Instance<State, Expiration, InstanceState>> {
        let state = State::new(
            |shared| self.wasi(shared),
            |shared| self.hooks(shared),
            self.limits,
            self.ticker.clone(),
            self.log.clone(),
        );
        let shared = state.shared().clone();
        let mut store = Store::new(&self.engine, state);
        instance::arm(&mut store);
        let proxy = self.pre.instantiate_async(&mut store).await?;
        Ok(Instance {
            store,
            proxy,
            view: wasmtime_wasi_http::WasiHttpView::http,
            expiration: Expiration::new(shared.clone()),
            state: InstanceState::new(self.generation, shared),
        })
    }
}

/// A 0.3 guest imports both generations, because Rust's standard library is written for 0.2.
fn link(engine: &Engine, component: &Component) -> wasmtime::Result<(ProxyPre<State>, Generation)> {
    let mut linker = Linker::<State>::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    let pre = linker.instantiate_pre(component)?;
    match P3Pre::new(pre.clone()) {
        Ok(pre) => Ok((ProxyPre::P3(pre), Generation::P3)),
        Err(_) => {
            let pre = P2Pre::new(pre).map_err(|error| {
                error.context(
                    "it exports neither wasi:http/handler@0.3 nor wasi:http/incoming-handler@0.2",
                )
            })?;
            Ok((ProxyPre::P2(pre), Generation::P2))
        }
    }
}
