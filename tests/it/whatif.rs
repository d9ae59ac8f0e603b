//! What-if on the command line and over HTTP: the same forecast, a bounded queue, cancelling.

use crate::ranking::episode;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode};
use hazecast::api;
use hazecast::api::whatif_desk::{Desk, KEPT, WAITING};
use hazecast::archive::store::Store;
use hazecast::nightly::whatif::WhatIfReport;
use hazecast::warning::WarningLevel;
use serde_json::{Value, json};
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tower::ServiceExt;

fn hazecast(args: &[&str]) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hazecast"));
    command.args(args).env("LANG", "C").env_remove("LC_ALL").env("HDF5_USE_FILE_LOCKING", "FALSE").output().unwrap()
}

/// A cut of everything by nothing changes nothing; the cut of households lowers the county that has them most; a cut of another county does not raise it.
#[test]
fn the_command_compares_scenarios_with_the_published_run() {
    let (folder, record) = episode();
    let config = folder.path().join("night.toml");
    let file = folder.path().join("trend.csv");
    std::fs::write(&file, "sectors,counties,percent\nresidential,222403,30\n").unwrap();
    let out = hazecast(&[
        "whatif",
        "--config",
        config.to_str().unwrap(),
        "--cut",
        "0%",
        "--scenario",
        "homes: sector=residential county=222403 30%",
        "--scenario",
        file.to_str().unwrap(),
        "--json",
    ]);
    let report: WhatIfReport =
        serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out.stderr)));
    assert_eq!(report.run, record["run"]);
    assert_eq!(report.level_before, WarningLevel::Orange);
    let [nothing, homes, trend] = &report.scenarios[..] else { panic!("{report:?}") };
    assert!(nothing.largest_fall_ug_m3.abs() < 1e-9, "{}", nothing.largest_fall_ug_m3);
    assert_eq!((nothing.avoided_t.so2, nothing.level_after), (0.0, WarningLevel::Orange));
    assert!(homes.avoided_t.pm25 > 0.0 && homes.sources >= 1);
    // a file with the same cut does the same
    assert_eq!(
        (trend.scenario.name.as_str(), trend.avoided_t, &trend.counties),
        ("trend", homes.avoided_t, &homes.counties)
    );
    let largest = homes.counties.iter().flat_map(|c| {
        let falls = c.days.iter().map(|d| d.pm25_before_ug_m3 - d.pm25_after_ug_m3);
        falls.map(move |f| (c.adcode, f))
    });
    let largest = largest.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
    assert!(largest.0 == 222_403 && largest.1 > 5.0, "{largest:?}");
}

#[test]
fn what_cannot_be_asked_is_refused_before_anything_runs() {
    let (folder, _) = episode();
    let config = folder.path().join("night.toml");
    let config = config.to_str().unwrap();
    for (args, code, word) in [
        (vec!["--cut", "sector=cars 5%"], 2, "cars"),
        (vec!["--cut", "county=110000 5%"], 2, "110000"),
        (vec!["--cut", "5%", "--from", "2026-02-01T00Z"], 2, "from, to"),
        (vec!["--cut", "5%", "--run", "2031010100"], 3, "2031010100"),
        (vec![], 2, "--cut"),
    ] {
        let out = hazecast(&[&["whatif", "--config", config][..], &args].concat());
        let text = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(code), "{args:?}: {text}");
        assert!(text.contains(word), "{args:?}: {text}");
    }
}

#[test]
fn the_ranking_is_shown_and_refused_for_other_counties() {
    let (folder, _) = episode();
    let config = folder.path().join("night.toml");
    let config = config.to_str().unwrap();
    let out = hazecast(&["rank", "--config", config, "--json"]);
    let ranking: Value = serde_json::from_slice(&out.stdout).unwrap();
    let rows = ranking["windows"][0]["sources"].as_array().unwrap();
    assert!(rows.len() > 10 && rows[0]["by_hour_ug_m3"].as_array().unwrap().len() > 24);
    let adcode = ranking["windows"][0]["window"]["adcode"].to_string();
    let out = hazecast(&["rank", "2026011512", "--config", config, "--county", &adcode, "--rows", "3"]);
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success() && text.contains(rows[0]["source"].as_str().unwrap()), "{text}");
    let out = hazecast(&["rank", "--config", config, "--county", "222402"]);
    assert_eq!(out.status.code(), Some(2));
}

struct Answer {
    status: StatusCode,
    retry_after: Option<String>,
    body: Value,
}

async fn send(router: &Router, method: Method, uri: &str, body: Option<Value>) -> Answer {
    let mut request = Request::builder().method(method).uri(uri);
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    let body = body.map_or_else(Body::empty, |b| Body::from(b.to_string()));
    let response = router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, 1 << 22).await.unwrap();
    let retry_after = parts.headers.get("retry-after").map(|v| v.to_str().unwrap().to_owned());
    Answer { status: parts.status, retry_after, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
}

fn question() -> Value {
    json!({ "scenarios": [{ "name": "a", "cuts": [{ "sectors": ["traffic"], "counties": [222_401], "percent": 50.0 }] }] })
}

/// A runner that tells when it begins, and goes on hour by hour as it is let.
fn held() -> (Arc<Desk>, Receiver<()>, Sender<()>) {
    let ((began, begins), (lets, let_go)) = (channel(), channel::<()>());
    let let_go = Mutex::new(let_go);
    let desk = Desk::new(Box::new(move |asked, go_on| {
        let _ = began.send(());
        for hour in 1..=1000 {
            if !go_on(0, hour, 1000) {
                return Ok(None);
            }
            if let_go.lock().unwrap().recv_timeout(Duration::from_millis(20)).is_ok() {
                return Ok(Some(WhatIfReport {
                    run: asked.run.clone().unwrap_or_default(),
                    cycle: chrono::DateTime::UNIX_EPOCH,
                    from: chrono::DateTime::UNIX_EPOCH,
                    to: chrono::DateTime::UNIX_EPOCH,
                    level_before: WarningLevel::None,
                    scenarios: Vec::new(),
                }));
            }
        }
        Ok(None)
    }));
    (Arc::new(desk), begins, lets)
}

async fn until(router: &Router, uri: &str, state: &str) -> Value {
    let started = Instant::now();
    loop {
        let answer = send(router, Method::GET, uri, None).await;
        if answer.body["state"] == state {
            return answer.body;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "{}", answer.body);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn served(desk: &Arc<Desk>) -> (tempfile::TempDir, Router) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let router = api::router_with(Arc::new(store), desk.clone(), &[222_401]);
    (folder, router)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_is_bounded_and_a_run_can_be_given_up() {
    let (desk, begins, lets) = held();
    let (_folder, router) = served(&desk);
    let first = send(&router, Method::POST, "/v1/whatif", Some(question())).await;
    assert_eq!((first.status, first.body["state"].as_str()), (StatusCode::ACCEPTED, Some("waiting")));
    begins.recv_timeout(Duration::from_secs(10)).unwrap();
    for _ in 0..WAITING {
        assert_eq!(send(&router, Method::POST, "/v1/whatif", Some(question())).await.status, StatusCode::ACCEPTED);
    }
    let full = send(&router, Method::POST, "/v1/whatif", Some(question())).await;
    assert_eq!(full.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(full.retry_after.unwrap().parse::<u32>().unwrap() > 0);
    assert!(full.body["detail"].as_str().unwrap().contains("queue"));
    let running = until(&router, "/v1/whatif/1", "running").await;
    assert!(running["hours"] == 1000 && running["hours_done"].as_u64().unwrap() >= 1, "{running}");
    // one that waits and the one that runs are given up; the next one then runs to its end
    assert_eq!(send(&router, Method::DELETE, "/v1/whatif/2", None).await.body["state"], "cancelled");
    assert_eq!(send(&router, Method::DELETE, "/v1/whatif/1", None).await.status, StatusCode::ACCEPTED);
    until(&router, "/v1/whatif/1", "cancelled").await;
    begins.recv_timeout(Duration::from_secs(10)).unwrap();
    until(&router, "/v1/whatif/3", "running").await;
    lets.send(()).unwrap();
    let done = until(&router, "/v1/whatif/3", "done").await;
    assert!(done["report"].is_object() && done["scenarios_done"] == 1, "{done}");
    assert_eq!(send(&router, Method::GET, "/v1/whatif/2", None).await.body["state"], "cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_questions_are_refused_and_old_answers_forgotten() {
    let desk = Arc::new(Desk::new(Box::new(|_, _| Ok(None))));
    let (_folder, router) = served(&desk);
    let cut = |cut: Value| json!({ "scenarios": [{ "name": "a", "cuts": [cut] }] });
    for body in [
        json!({}),
        json!({ "scenarios": [] }),
        json!({ "scenarios": [{ "name": "", "cuts": [{ "percent": 5.0 }] }] }),
        cut(json!({ "percent": 500.0 })),
        cut(json!({ "percent": 5.0, "counties": [110_000] })),
        cut(json!({ "percent": 5.0, "speed": 1 })),
        cut(json!({ "percent": 5.0, "hours": [9, 7] })),
        json!({ "scenarios": vec![json!({ "name": "a", "cuts": [{ "percent": 5.0 }] }); 7] }),
    ] {
        let answer = send(&router, Method::POST, "/v1/whatif", Some(body.clone())).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}: {}", answer.body);
    }
    let large = json!({ "run": "x".repeat(100_000), "scenarios": [] });
    assert!(send(&router, Method::POST, "/v1/whatif", Some(large)).await.status.is_client_error());
    for (uri, status) in [("/v1/whatif/x", 400), ("/v1/whatif/99", 404)] {
        assert_eq!(send(&router, Method::GET, uri, None).await.status.as_u16(), status);
        assert_eq!(send(&router, Method::DELETE, uri, None).await.status.as_u16(), status);
    }
    for id in 1..=KEPT + 5 {
        let asked = send(&router, Method::POST, "/v1/whatif", Some(question())).await;
        assert_eq!(asked.status, StatusCode::ACCEPTED);
        until(&router, &format!("/v1/whatif/{id}"), "cancelled").await;
    }
    assert_eq!(send(&router, Method::GET, "/v1/whatif/1", None).await.status, StatusCode::NOT_FOUND);
    // without a desk
    let folder = tempfile::tempdir().unwrap();
    let bare = api::router(Arc::new(Store::open(folder.path()).unwrap()));
    assert_eq!(send(&bare, Method::POST, "/v1/whatif", Some(question())).await.status, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn ranking_and_maps_are_served() {
    let (folder, _) = episode();
    let router = api::router(Arc::new(Store::open(&folder.path().join("runs")).unwrap()));
    let ranking = send(&router, Method::GET, "/v1/rankings/latest", None).await;
    assert_eq!((ranking.status.as_u16(), ranking.body["windows"].is_array()), (200, true));
    assert_eq!(send(&router, Method::GET, "/v1/rankings/2026011512/map/0", None).await.status, 200);
    assert_eq!(send(&router, Method::GET, "/v1/rankings/2026011512/map/50", None).await.status, 404);
    assert_eq!(send(&router, Method::GET, "/v1/rankings/2026011512/map/x", None).await.status, 400);
}
