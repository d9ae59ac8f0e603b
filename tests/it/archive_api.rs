//! The API and the page over a real archive on disk.

use super::sample_record::{cycle, record};
use super::{publish, store};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use hazecast::api;
use hazecast::archive::store::{Published, Store};
use hazecast::domain::targets::TargetsReport;
use hazecast::forecast::CountyForecast;
use hazecast::reduction::{ReductionEffect, ReductionPlan};
use hazecast::warning::advice::AreaAdvice;
use hazecast::warning::explain::Explanation;
use hazecast::warning::{AreaWarning, WarningDecision};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tower::ServiceExt;

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    fn take<T: serde::de::DeserializeOwned>(&self, key: &str) -> T {
        serde_json::from_value(self.json()[key].clone()).unwrap()
    }
}

async fn send(router: &Router, method: Method, uri: &str, if_none_match: Option<&str>) -> Answer {
    let mut request = Request::builder().method(method).uri(uri);
    if let Some(tag) = if_none_match {
        request = request.header("if-none-match", tag);
    }
    let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 1 << 24).await.unwrap().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

async fn fetch(router: &Router, uri: &str) -> Answer {
    send(router, Method::GET, uri, None).await
}

fn published() -> (tempfile::TempDir, Store, Router) {
    let (folder, store) = store();
    publish(&store, -12, "key");
    publish(&store, 0, "key");
    let router = api::router(Arc::new(store.clone()));
    (folder, store, router)
}

/// A request for each route, by the route's path in the OpenAPI document.
const GOOD: [(&str, &str); 18] = [
    ("/", "/"),
    ("/page.css", "/page.css"),
    ("/icon.svg", "/icon.svg"),
    ("/healthz", "/healthz"),
    ("/openapi.json", "/openapi.json"),
    ("/v1/runs", "/v1/runs"),
    ("/v1/runs/{run}", "/v1/runs/2026011512"),
    ("/v1/runs/{run}/list.xlsx", "/v1/runs/latest/list.xlsx?adcode=222401"),
    ("/v1/runs/{run}/list.csv", "/v1/runs/2026011512/list.csv"),
    ("/v1/counties", "/v1/counties"),
    ("/v1/counties/{adcode}/forecast", "/v1/counties/222401/forecast"),
    ("/v1/warnings/current", "/v1/warnings/current"),
    ("/v1/warnings/{adcode}", "/v1/warnings/222424"),
    ("/v1/warnings/{adcode}/explain", "/v1/warnings/222401/explain"),
    ("/v1/rules", "/v1/rules"),
    ("/v1/targets", "/v1/targets"),
    ("/v1/reductions/{run}", "/v1/reductions/latest"),
    ("/v1/consultations/{run}", "/v1/consultations/2026011512"),
];

/// Requests that must fail, and how.
const BAD: [(&str, &str, u16); 31] = [
    ("/v1/warnings/{adcode}", "/v1/warnings/0222401", 400),
    ("/", "/?run=yesterday", 400),
    ("/", "/?run=2031010100", 404),
    ("/v1/runs/{run}", "/v1/runs/20260115", 400),
    ("/v1/runs/{run}", "/v1/runs/2031010100", 404),
    ("/v1/runs/{run}/list.xlsx", "/v1/runs/x/list.xlsx", 400),
    ("/v1/runs/{run}/list.xlsx", "/v1/runs/latest/list.xlsx?adcode=yanji", 400),
    ("/v1/runs/{run}/list.xlsx", "/v1/runs/2031010100/list.xlsx", 404),
    ("/v1/runs/{run}/list.csv", "/v1/runs/2031010100/list.csv", 404),
    // a county without a row in the list of the run
    ("/v1/runs/{run}/list.csv", "/v1/runs/latest/list.csv?adcode=222426", 404),
    ("/v1/counties", "/v1/counties?run=x", 400),
    ("/v1/counties", "/v1/counties?run=2031010100", 404),
    ("/v1/counties/{adcode}/forecast", "/v1/counties/yanji/forecast", 400),
    ("/v1/counties/{adcode}/forecast", "/v1/counties/110000/forecast", 404),
    ("/v1/counties/{adcode}/forecast", "/v1/counties/%2B22401/forecast", 400),
    ("/v1/warnings/current", "/v1/warnings/current?run=", 400),
    ("/v1/warnings/current", "/v1/warnings/current?run=2031010100", 404),
    ("/v1/warnings/{adcode}", "/v1/warnings/tomorrow", 400),
    ("/v1/warnings/{adcode}", "/v1/warnings/222499", 404),
    ("/v1/warnings/{adcode}/explain", "/v1/warnings/tomorrow/explain", 400),
    ("/v1/warnings/{adcode}/explain", "/v1/warnings/222499/explain", 404),
    // a county of the run of which the record holds no explanation
    ("/v1/warnings/{adcode}/explain", "/v1/warnings/222402/explain", 404),
    ("/v1/warnings/{adcode}/explain", "/v1/warnings/222401/explain?run=2031010100", 404),
    ("/v1/rules", "/v1/rules?run=2026", 400),
    ("/v1/rules", "/v1/rules?run=2031010100", 404),
    ("/v1/targets", "/v1/targets?run=", 400),
    ("/v1/targets", "/v1/targets?run=2031010100", 404),
    ("/v1/reductions/{run}", "/v1/reductions/-1", 400),
    ("/v1/reductions/{run}", "/v1/reductions/2031010100", 404),
    ("/v1/consultations/{run}", "/v1/consultations/%FF", 400),
    ("/v1/consultations/{run}", "/v1/consultations/2031010100", 404),
];

fn assert_problem(answer: &Answer, status: u16, path: &str) {
    assert_eq!(answer.status.as_u16(), status, "{path}");
    assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
    let problem = answer.json();
    assert_eq!(problem["status"], status, "{path}");
    assert_eq!(problem["instance"], path.split('?').next().unwrap());
    for key in ["type", "title", "detail"] {
        assert!(!problem[key].as_str().unwrap().is_empty(), "{path} {key}");
    }
}

fn assert_secured(answer: &Answer, uri: &str) {
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{uri}: {policy}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{uri}");
    assert_eq!(answer.header("x-frame-options"), "DENY", "{uri}");
    assert!(!answer.headers.contains_key("access-control-allow-origin"), "{uri}");
}

#[tokio::test]
async fn each_route_answers_with_a_strong_tag_and_304() {
    let (_folder, _store, router) = published();
    for (_, uri) in GOOD {
        let answer = fetch(&router, uri).await;
        assert_eq!(answer.status, 200, "{uri}");
        assert!(!answer.body.is_empty());
        assert_secured(&answer, uri);
        let tag = answer.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 18, "{uri}: {tag}");
        assert_eq!(answer.header("cache-control"), "no-cache");
        for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".into()] {
            let again = send(&router, Method::GET, uri, Some(&known)).await;
            assert_eq!((again.status.as_u16(), again.body.len()), (304, 0), "{uri} {known}");
            assert_eq!(again.header("etag"), tag);
            assert_secured(&again, uri);
        }
        assert_eq!(send(&router, Method::GET, uri, Some("\"other\"")).await.status, 200);
        let head = send(&router, Method::HEAD, uri, None).await;
        assert_eq!((head.status.as_u16(), head.body.len(), head.header("etag")), (200, 0, tag.as_str()), "{uri}");
    }
}

#[tokio::test]
async fn each_refusal_is_a_problem_document() {
    let (_folder, _store, router) = published();
    for (_, uri, status) in BAD {
        let answer = fetch(&router, uri).await;
        assert_problem(&answer, status, uri);
        assert_secured(&answer, uri);
    }
    assert_problem(&fetch(&router, "/v2/runs").await, 404, "/v2/runs");
    for (_, uri) in GOOD {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let answer = send(&router, method, uri, None).await;
            assert_problem(&answer, 405, uri);
            assert!(answer.header("allow").contains("GET"), "{uri}: {}", answer.header("allow"));
        }
    }
}

#[tokio::test]
async fn answers_are_the_archived_record() {
    let (_folder, store, router) = published();
    let record = record(cycle());
    let stored = fs::read(store.folder().join("2026011512/record.json")).unwrap();
    assert_eq!(fetch(&router, "/v1/consultations/latest").await.body, stored);

    let runs = fetch(&router, "/v1/runs").await.json();
    assert_eq!(runs, serde_json::json!({"latest": "2026011512", "runs": ["2026011500", "2026011512"]}));
    let run = fetch(&router, "/v1/runs/latest").await.json();
    assert_eq!(
        (&run["run"], &run["status"], &run["level"]),
        (&"2026011512".into(), &"degraded".into(), &"orange".into())
    );
    let listed: Vec<&str> =
        run["manifest"]["files"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
    assert_eq!(listed, ["record.json", "rules.json", "series.parquet"]);

    let yanji = fetch(&router, "/v1/counties/222401/forecast").await;
    assert_eq!(yanji.take::<CountyForecast>("forecast"), record.forecast.counties[0]);
    let current = fetch(&router, "/v1/warnings/current").await;
    assert_eq!(current.take::<WarningDecision>("warning"), record.warning);
    assert_eq!(current.take::<ReductionEffect>("certificate"), record.certificate.clone().unwrap());
    assert_eq!(current.json()["reduction"]["measures"], 3);
    assert_eq!(current.json()["degraded"][0], record.degraded[0]);
    let whole = fetch(&router, "/v1/reductions/latest").await;
    assert_eq!(whole.take::<ReductionPlan>("reduction"), record.reduction.unwrap());
    let prefecture = fetch(&router, "/v1/warnings/222400").await;
    assert_eq!(prefecture.take::<AreaWarning>("warning"), record.warning.prefecture);
    let stored = fs::read(store.folder().join("2026011512/rules.json")).unwrap();
    assert_eq!(fetch(&router, "/v1/rules").await.body, stored);
    assert_eq!(fetch(&router, "/v1/rules?run=2026011500").await.json()["run"], "2026011500");
    let targets = fetch(&router, "/v1/targets").await;
    assert_eq!(targets.take::<TargetsReport>("targets"), record.targets.clone().unwrap());
    let explained = fetch(&router, "/v1/warnings/222401/explain").await;
    assert_eq!(explained.take::<Explanation>("explanation"), record.explanations[0]);
    assert_eq!(explained.take::<AreaWarning>("warning"), record.warning.counties[0]);
    assert_eq!(explained.take::<AreaAdvice>("advice"), record.advice[1]);
    assert_eq!(explained.json()["degraded"][0], record.degraded[0]);
    let counties = fetch(&router, "/v1/counties").await.json();
    let found: Vec<u64> =
        counties["counties"].as_array().unwrap().iter().map(|c| c["adcode"].as_u64().unwrap()).collect();
    assert_eq!(found, [222_401, 222_402, 222_403, 222_404, 222_405, 222_406, 222_424, 222_426]);
    assert_eq!(counties["counties"][2]["level"], "yellow");

    let earlier = fetch(&router, "/v1/counties/222401/forecast?run=2026011500").await.json();
    assert_eq!((&earlier["run"], &earlier["cycle"]), (&"2026011500".into(), &"2026-01-15T00:00:00Z".into()));
    assert_eq!(fetch(&router, "/v1/warnings/current?run=2026011500").await.json()["run"], "2026011500");
}

#[tokio::test]
async fn before_the_first_night_the_answer_helps() {
    let (_folder, store) = store();
    let router = api::router(Arc::new(store.clone()));
    for (_, uri) in GOOD {
        let answer = fetch(&router, uri).await;
        let needs_a_run = uri.starts_with("/v1/") && uri != "/v1/runs";
        if needs_a_run {
            assert_problem(&answer, 404, uri);
            assert!(answer.json()["detail"].as_str().unwrap().contains("hazecast night"), "{uri}");
        } else {
            assert_eq!(answer.status, 200, "{uri}");
        }
    }
    assert_eq!(fetch(&router, "/v1/runs").await.json(), serde_json::json!({"latest": null, "runs": []}));
    assert!(String::from_utf8(fetch(&router, "/").await.body).unwrap().contains("hazecast night"));
    // the same router sees the first run as soon as it is published
    publish(&store, 0, "key");
    assert_eq!(fetch(&router, "/v1/warnings/current").await.json()["run"], "2026011512");
}

#[tokio::test]
async fn a_corrected_run_changes_the_tag_at_once() {
    let (_folder, store, router) = published();
    let before = fetch(&router, "/v1/warnings/current").await;
    let lock = store.lock().unwrap();
    let run = "2026011512".parse().unwrap();
    let work = store.begin(&lock, &run, "corrected").unwrap();
    let mut corrected = record(cycle());
    corrected.degraded.clear();
    work.save_json(hazecast::archive::RECORD, &corrected).unwrap();
    assert_eq!(store.publish(&lock, &work).unwrap(), Published::Replaced);
    let after = send(&router, Method::GET, "/v1/warnings/current", Some(before.header("etag"))).await;
    assert_eq!(after.status, 200);
    assert_ne!(after.header("etag"), before.header("etag"));
    assert_eq!(after.json()["degraded"], serde_json::json!([]));
}

/// A run archived before there were explanations, advice, targets and rules in it is still served; what it lacks is 404 with the reason.
#[tokio::test]
async fn a_run_of_before_answers_what_it_has() {
    let (_folder, store) = store();
    let lock = store.lock().unwrap();
    let work = store.begin(&lock, &"2026011512".parse().unwrap(), "key").unwrap();
    let mut old = serde_json::to_value(record(cycle())).unwrap();
    for key in ["explanations", "advice", "targets"] {
        assert!(old.as_object_mut().unwrap().remove(key).is_some(), "{key}");
    }
    work.save_json(hazecast::archive::RECORD, &old).unwrap();
    store.publish(&lock, &work).unwrap();
    let router = api::router(Arc::new(store.clone()));
    for (uri, reason) in [
        ("/v1/rules", "archived without its rules"),
        ("/v1/targets", "no target was in force"),
        ("/v1/warnings/222401/explain", "holds no explanation of 222401"),
    ] {
        let answer = fetch(&router, uri).await;
        assert_problem(&answer, 404, uri);
        assert!(answer.json()["detail"].as_str().unwrap().contains(reason), "{uri}: {}", answer.json());
    }
    for uri in ["/", "/v1/warnings/222401", "/v1/consultations/latest"] {
        assert_eq!(fetch(&router, uri).await.status, 200, "{uri}");
    }
    let page = String::from_utf8(fetch(&router, "/").await.body).unwrap();
    for absent in ["id=\"explain\"", "id=\"advice\"", "id=\"targets\""] {
        assert!(!page.contains(absent), "{absent}");
    }
}

#[tokio::test]
async fn a_damaged_file_of_rules_is_an_error() {
    let (_folder, store, router) = published();
    let path = store.folder().join("2026011512/rules.json");
    let mut bytes = fs::read(&path).unwrap();
    bytes[20] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert_problem(&fetch(&router, "/v1/rules").await, 500, "/v1/rules");
}

#[tokio::test]
async fn no_request_names_a_path() {
    let (folder, store, router) = published();
    fs::write(folder.path().join("secret.json"), b"secret").unwrap();
    fs::write(store.folder().join("secret.json"), b"secret").unwrap();
    let steps = [
        "..",
        "%2e%2e",
        "%2E%2E%2F",
        "..%2f",
        "..%5c",
        "%252e%252e",
        "%00",
        "2026011512%00",
        "2026011512/..",
        ".work-2026011512",
        ".old-2026011512",
        ".lock",
        "latest%2f",
        "2026011512%2frecord.json",
        "\u{ff0e}\u{ff0e}",
        "%c0%ae%c0%ae",
        "%E2%80%AE2026011512",
        "~",
        "%7e",
        "2026011512;a",
        "2026011512%20",
        "+2026011512",
        "0x7E9",
        "%0d%0aX: y",
    ];
    let tails = ["", "/secret.json", "%2fsecret.json", "/../secret.json", "/manifest.json", "%00.json"];
    let mut tried = 0;
    for prefix in ["/v1/runs/", "/v1/consultations/", "/v1/reductions/", "/?run=", "/v1/counties?run=", "/v1/warnings/"]
    {
        for step in steps {
            for tail in tails {
                let uri = format!("{prefix}{step}{tail}");
                let Ok(uri) = uri.parse::<axum::http::Uri>() else { continue };
                let answer = fetch(&router, &uri.to_string()).await;
                assert!(matches!(answer.status.as_u16(), 400 | 404), "{uri}: {}", answer.status);
                assert_eq!(answer.header("content-type"), "application/problem+json", "{uri}");
                assert!(!String::from_utf8_lossy(&answer.body).contains("secret\""), "{uri}");
                tried += 1;
            }
        }
    }
    assert!(tried > 700, "{tried}");
}

#[tokio::test]
async fn a_damaged_record_is_an_error_that_names_no_path() {
    let (_folder, store, router) = published();
    let path = store.folder().join("2026011512/record.json");
    let mut bytes = fs::read(&path).unwrap();
    bytes[200] ^= 4;
    fs::write(&path, &bytes).unwrap();
    for uri in ["/", "/healthz", "/v1/warnings/current", "/v1/consultations/2026011512", "/v1/counties/222401/forecast"]
    {
        let answer = fetch(&router, uri).await;
        assert_problem(&answer, 500, uri);
        assert_secured(&answer, uri);
        let text = String::from_utf8(answer.body).unwrap();
        assert!(!text.contains(&*store.folder().to_string_lossy()) && !text.contains("record.json"), "{text}");
    }
    // the other run is served
    assert_eq!(fetch(&router, "/v1/consultations/2026011500").await.status, 200);
}

#[tokio::test]
async fn the_document_covers_every_route_and_status() {
    let (_folder, store, router) = published();
    let document = fetch(&router, "/openapi.json").await.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    let paths: BTreeSet<&str> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(paths, api::router::paths().into_iter().collect());
    // what a run with a ranking, and a server with a desk answer is in `whatif.rs`
    let elsewhere = ["/v1/rankings/{run}", "/v1/rankings/{run}/map/{window}", "/v1/whatif", "/v1/whatif/{id}"];
    assert_eq!(paths, GOOD.iter().map(|g| g.0).chain(elsewhere).collect());

    let mut seen: BTreeMap<&str, BTreeSet<(u16, String)>> = BTreeMap::new();
    let mut see = |template, answer: &Answer| {
        let media = answer.header("content-type").split(';').next().unwrap().to_owned();
        seen.entry(template).or_default().insert((answer.status.as_u16(), media));
    };
    for (template, uri) in GOOD {
        see(template, &fetch(&router, uri).await);
        see(template, &send(&router, Method::GET, uri, Some("*")).await);
        see(template, &send(&router, Method::POST, uri, None).await);
    }
    for (template, uri, _) in BAD {
        see(template, &fetch(&router, uri).await);
    }
    fs::write(store.folder().join("latest"), b"not a run").unwrap();
    for (template, uri) in GOOD {
        see(template, &fetch(&router, uri).await);
    }
    for (template, answers) in &seen {
        let responses = &document["paths"][*template]["get"]["responses"];
        for (status, media) in answers {
            let response = &responses[status.to_string()];
            assert!(response.is_object(), "{template} answers {status} and the document does not say so");
            if *status != 304 {
                assert!(response["content"][media].is_object(), "{template} {status} is {media}: {response}");
            }
        }
        let described: BTreeSet<u16> = responses.as_object().unwrap().keys().map(|s| s.parse().unwrap()).collect();
        assert!(described.contains(&500));
    }
    let mut operations = BTreeSet::new();
    let items = document["paths"].as_object().unwrap().iter();
    for (template, operation) in items.flat_map(|(t, item)| item.as_object().unwrap().values().map(move |o| (t, o))) {
        assert!(
            operations.insert(operation["operationId"].as_str().unwrap()),
            "{template}: {}",
            operation["operationId"]
        );
        for (status, response) in operation["responses"].as_object().unwrap() {
            let description = response["description"].as_str();
            assert!(description.is_some_and(|d| !d.is_empty()), "{template} {status} has no description");
        }
    }
    // every reference leads somewhere
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
    assert!(text.contains("#/components/schemas/ConsultationRecord"));
}

#[tokio::test]
async fn the_page_tells_the_night_and_escapes_what_it_is_given() {
    let (_folder, _store, router) = published();
    let answer = fetch(&router, "/").await;
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    let page = String::from_utf8(answer.body).unwrap();
    for expected in [
        "延边朝鲜族自治州",
        "2026011512",
        "01-15 20:00",
        "降级",
        "No observation of the last 24 hours",
        "延吉市",
        "汪清县",
        "01月17日",
        "5级 重度污染",
        "橙色预警",
        "环办大气函〔2024〕1号 · 二",
        "Daily AQI &gt; 200 is forecast",
        "126\u{2009}000",
        "未达",
        "减轻，不能避免",
        "强制减排",
        "未订正 not corrected 1 / 1",
        "counties with a station</span> <b>7 / 8</b>",
        "待核对条款 clauses unverified 1 / 1",
        "targets met</span> <b>3 / 4</b>",
        "(−8.1 %)",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "PM2.5 = -4",
        "01-18 06:00",
        "cannot be judged</span> 3",
        "204.0 → 187.5",
        "255 → 238",
        "热电厂 &lt;一号&gt;",
        // action, chance with interval and sample, nearest changes, other readings
        "<b>发布</b>",
        "及以上 <b>62 %</b> <span class=\"range\">[54 %, 70 %]</span>",
        "<small>100 条路径",
        "延吉市 −12 % → ",
        "延吉市 +31 % → ",
        "其他读法 1 处",
        // every rule with how far it was met
        "<td class=\"number\">47 / 72 h</td>",
        "橙色预警：&lt;72小时&gt;",
        "AQI&gt;150 ≥72 h",
        "sliding_hours=every_average",
        "[48小时的读法 &lt;参数&gt;]",
        // advice and targets, with the sentence that a target starts nothing
        "留在室内 &lt;尽量&gt;。",
        "<strong>不是启动应急响应的理由。</strong>",
        "1 / 1 <span class=\"state at-risk\">有风险",
        "92.3 <span class=\"state missed\">已无法完成",
        "24.9 <span class=\"state on-track\">达标进度正常",
        // yesterday, and a day like today with what followed
        "98 (71–133)",
        "121 在区间内",
        "偏低 1 级",
        "PM2.5 / PM10",
        "2025-01-15",
        "143 (190)",
        "可比较的往日 3 个，太少",
    ] {
        assert!(page.contains(expected), "{expected} is not on the page");
    }
    // the value, its interval, level and main pollutant of the first county's first day
    assert!(
        page.contains(
            "<td class=\"aqi5\"><b>215</b> 5级 重度污染<br><span class=\"range\">151–280</span> · PM2.5 · 172 µg/m³</td>"
        ),
        "{page}"
    );
    for forbidden in
        ["<一号>", "<72小时>", "<参数>", "<尽量>", "<script", "style=", "http://", "https://", "//cdn", "onload"]
    {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    // a chart for each county; no series with the list is archived, so none is drawn
    assert_eq!(
        (page.matches("<polyline class=\"before\"").count(), page.matches("<polyline class=\"after\"").count()),
        (8, 0)
    );
    let earlier = String::from_utf8(fetch(&router, "/?run=2026011500").await.body).unwrap();
    assert!(earlier.contains("<b>2026011500</b>"));
}

#[tokio::test]
async fn the_charts_show_the_forecast_with_the_list_and_no_line_over_a_gap() {
    let (_folder, store) = store();
    let lock = store.lock().unwrap();
    let work = store.begin(&lock, &"2026011512".parse().unwrap(), "key").unwrap();
    let mut night = record(cycle());
    let mut with_list = night.forecast.clone();
    with_list.counties.truncate(2);
    // Yanji lacks one hour: its line and its band are in two parts
    night.forecast.counties[0].hours[30].concentrations.pm25_ug_m3 = None;
    // 72 hours of 100 on an axis that ends at 300: a flat line at one third of the 126 units from 132 up to 6
    for hour in &mut with_list.counties[1].hours {
        let pm25 = hour.concentrations.pm25_ug_m3.as_mut().unwrap();
        (pm25.value, pm25.lower, pm25.upper) = (100.0, 90.0, 110.0);
    }
    work.save_json(hazecast::archive::RECORD, &night).unwrap();
    hazecast::archive::series::write(&work.path(hazecast::archive::CUT_SERIES), &with_list).unwrap();
    store.publish(&lock, &work).unwrap();
    let router = api::router(Arc::new(store.clone()));
    let page = String::from_utf8(fetch(&router, "/").await.body).unwrap();
    assert_eq!(page.matches("<polyline class=\"before\"").count(), 9);
    assert_eq!(page.matches("<polygon class=\"band\"").count(), 9);
    let after: Vec<Vec<(f64, f64)>> = page
        .split("<polyline class=\"after\" points=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().split_whitespace().map(point).collect())
        .collect();
    assert_eq!(after.len(), 2);
    assert_eq!(after[1].len(), 72);
    assert!(after[1].iter().all(|p| p.1 == 90.0), "{:?}", after[1]);
    // from the left axis to the right one, evenly
    assert_eq!((after[1][0].0, after[1][71].0), (30.0, 306.0));
    assert!(after[1].windows(2).all(|w| (w[1].0 - w[0].0 - 276.0 / 71.0).abs() < 0.11));
    // the cycle at 20:00 is before the first hour; Beijing midnights are ticks: 4 h, 28 h and 52 h after it
    for day in ["01-16", "01-17", "01-18"] {
        assert_eq!(page.matches(&format!("text-anchor=\"middle\">{day}</text>")).count(), 8, "{day}");
    }
    assert!(!page.contains("text-anchor=\"middle\">01-15"));

    let path = store.folder().join("2026011512").join(hazecast::archive::CUT_SERIES);
    let mut bytes = fs::read(&path).unwrap();
    bytes[9] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert_problem(&fetch(&router, "/").await, 500, "/");
}

fn point(text: &str) -> (f64, f64) {
    let (x, y) = text.split_once(',').unwrap();
    (x.parse().unwrap(), y.parse().unwrap())
}

#[test]
fn aqi_colours_keep_their_text_readable() {
    // WCAG 2.1: relative luminance and contrast ratio; 4.5 : 1 for text
    let css = include_str!("../../web/page.css");
    let luminance = |rgb: [f64; 3]| {
        let [r, g, b] =
            rgb.map(|c| if c <= 10.0 { c / 255.0 / 12.92 } else { ((c / 255.0 + 0.055) / 1.055).powf(2.4) });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let national = [[0, 228, 0], [255, 255, 0], [255, 126, 0], [255, 0, 0], [153, 0, 76], [126, 0, 35]];
    for (i, [r, g, b]) in national.into_iter().enumerate() {
        let rule = format!(".aqi{} {{ background: rgb({r}, {g}, {b}); color: #", i + 1);
        let text = css.split(&rule).nth(1).unwrap_or_else(|| panic!("{rule}"));
        let ink = if text.starts_with("000") { 0.0 } else { 255.0 };
        let (a, b) = (luminance([ink; 3]) + 0.05, luminance([r, g, b].map(f64::from)) + 0.05);
        assert!(a.max(b) / a.min(b) >= 4.5, "level {}", i + 1);
    }
}

/// The words of a target's state and of a warning level keep 4.5 : 1 on their colour.
#[test]
fn state_and_level_colours_keep_their_text_readable() {
    let css = include_str!("../../web/page.css");
    let hex = |text: &str| {
        let digits = text.trim_start_matches('#');
        let wide = digits.len() == 6;
        let part = |i: usize| if wide { digits[2 * i..2 * i + 2].to_owned() } else { digits[i..=i].repeat(2) };
        [0, 1, 2].map(|i| f64::from(u8::from_str_radix(&part(i), 16).unwrap()) / 255.0)
    };
    let luminance = |rgb: [f64; 3]| {
        let [r, g, b] = rgb.map(|c| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) });
        0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
    };
    for class in [
        "level.blue",
        "level.yellow",
        "level.orange",
        "level.red",
        "state.on-track",
        "state.unknown",
        "state.at-risk",
        "state.missed",
    ] {
        let rule = css.split(&format!(".{class} {{ ")).nth(1).unwrap_or_else(|| panic!("{class} has no colour"));
        let value = |name: &str| hex(rule.split(&format!("{name}: ")).nth(1).unwrap().split(';').next().unwrap());
        let (a, b) = (luminance(value("background")), luminance(value("color")));
        assert!(a.max(b) / a.min(b) >= 4.5, "{class}: {}", a.max(b) / a.min(b));
    }
}

#[test]
fn the_server_answers_and_lets_go_of_silent_clients() {
    let (_folder, store) = store();
    publish(&store, 0, "key");
    let (told, ready) = std::sync::mpsc::channel();
    let store = Arc::new(store);
    std::thread::spawn(move || {
        api::serve(api::router(store), "127.0.0.1:0".parse().unwrap(), |a| told.send(a).unwrap())
    });
    let address = ready.recv_timeout(Duration::from_secs(10)).unwrap();

    let started = Instant::now();
    // more silent clients than there are places
    let mut silent: Vec<_> = (0..300)
        .map(|_| {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            stream
        })
        .collect();
    for stream in &mut silent[..250] {
        let mut rest = Vec::new();
        // closed with or without 408 first: either ends the read
        let _ = stream.read_to_end(&mut rest);
        assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    }
    assert!(
        started.elapsed() > Duration::from_secs(5),
        "the silent clients were never served: {:?}",
        started.elapsed()
    );

    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("\"latest\":\"2026011512\""), "{answer}");
}
