//! The published runs as the API sees them; the latest one is kept in memory.

use super::problem::Problem;
use super::whatif_desk::Desk;
use crate::archive::list_files::{ListFormat, bytes, file_name};
use crate::archive::run_id::RunId;
use crate::archive::series::{SeriesRow, read_rows};
use crate::archive::store::{Archived, Store};
use crate::archive::{CUT_SERIES, RULES};
use crate::consultation::reduction_list::lists;
use crate::domain::scenario::{Scenario, check};
use crate::error::Result;
use serde::Deserialize;
use std::sync::{Arc, Mutex, PoisonError};

/// The state of every handler.
#[derive(Clone)]
pub(super) struct Published {
    store: Arc<Store>,
    /// Where what-if questions are run, and the counties that they may name.
    questions: Option<(Arc<Desk>, Arc<[u32]>)>,
    newest: Arc<Mutex<Option<Arc<Archived>>>>,
}

/// `?run=`: the run to read, the latest where it is left out.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct RunQuery {
    /// `YYYYMMDDHH` or `latest`.
    pub run: Option<String>,
}

impl Published {
    pub fn new(store: Arc<Store>) -> Self {
        Self { store, questions: None, newest: Arc::default() }
    }

    /// The same with a desk for questions about these counties.
    pub fn with_desk(self, desk: Arc<Desk>, counties: &[u32]) -> Self {
        Self { questions: Some((desk, counties.into())), ..self }
    }

    /// Where what-if questions are run.
    pub fn desk(&self) -> Option<&Arc<Desk>> {
        self.questions.as_ref().map(|q| &q.0)
    }

    /// Refuses scenarios that no run could be made of.
    pub fn check_scenarios(&self, scenarios: &[Scenario]) -> std::result::Result<(), Problem> {
        let counties = self.questions.as_ref().map_or(&[][..], |q| &q.1);
        check(scenarios, counties).map_err(Problem::bad_request)
    }

    /// A file of the run; `None` where it has none of that name.
    pub async fn file(&self, archived: &Archived, name: &str) -> std::result::Result<Option<Vec<u8>>, Problem> {
        if archived.manifest.file(name).is_none() {
            return Ok(None);
        }
        let (run, name) = (archived.run.clone(), name.to_owned());
        self.blocking(move |published| published.store.bytes(&run, &name)).await.map(Some)
    }

    /// A run by its id or `latest`.
    pub async fn run(&self, which: &str) -> std::result::Result<Arc<Archived>, Problem> {
        let which = match which {
            "latest" => None,
            id => Some(id.parse::<RunId>().map_err(|e| Problem::bad_request(format!("{e}, or `latest`.")))?),
        };
        let found = self.blocking(move |published| published.read(which)).await?;
        found.ok_or_else(|| Problem::not_found("No run is published yet. Run `hazecast night` first."))
    }

    /// The run that a query asks for.
    pub async fn queried(&self, query: &RunQuery) -> std::result::Result<Arc<Archived>, Problem> {
        self.run(query.run.as_deref().unwrap_or("latest")).await
    }

    /// County series of the run with its reduction list; empty where the run has no list.
    pub async fn with_list(&self, archived: &Archived) -> std::result::Result<Vec<SeriesRow>, Problem> {
        if archived.manifest.file(CUT_SERIES).is_none() {
            return Ok(Vec::new());
        }
        let run = archived.run.clone();
        self.blocking(move |published| published.store.file(&run, CUT_SERIES).and_then(|path| read_rows(&path))).await
    }

    /// The rules of the run, as archived; `None` for runs archived before there were rules with them.
    pub async fn rules(&self, archived: &Archived) -> std::result::Result<Option<Vec<u8>>, Problem> {
        self.file(archived, RULES).await
    }

    /// Name and bytes of the file of the list of an area, the region where none is named; `None` where the run has no such list.
    pub async fn list_file(
        &self,
        archived: Arc<Archived>,
        adcode: Option<u32>,
        format: ListFormat,
    ) -> std::result::Result<Option<(String, Vec<u8>)>, Problem> {
        self.blocking(move |_| {
            let lists = lists(&archived.record);
            // the list of the region comes first
            let list = lists.iter().find(|l| adcode.is_none_or(|code| code == l.adcode));
            list.map(|l| Ok((file_name(l, format), bytes(l, &archived.record, format)?))).transpose()
        })
        .await
    }

    /// The latest run id and all ids, oldest first.
    pub async fn list(&self) -> std::result::Result<(Option<RunId>, Vec<RunId>), Problem> {
        self.blocking(|published| Ok((published.store.latest()?, published.store.list()?))).await
    }

    /// Files are read off the threads that answer requests.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, Problem> {
        let published = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&published)).await;
        done.map_err(|e| Problem::internal(&e))?.map_err(Problem::from)
    }

    fn read(&self, which: Option<RunId>) -> Result<Option<Arc<Archived>>> {
        let latest = self.store.latest()?;
        let Some(run) = which.or_else(|| latest.clone()) else { return Ok(None) };
        if latest.as_ref() != Some(&run) {
            return Ok(Some(Arc::new(self.store.read(&run)?)));
        }
        // a run published again has another manifest; a run is never changed in place
        let current = self.store.manifest_sha256(&run)?;
        let kept = self.newest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(kept) = kept.filter(|k| k.run == run && k.manifest_sha256 == current) {
            return Ok(Some(kept));
        }
        let fresh = Arc::new(self.store.read(&run)?);
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(fresh.clone());
        Ok(Some(fresh))
    }
}
