//! Plain files: fires and observations.

use super::server::{Asked, Reply, Server};
use super::{Kind, settings};
use hazecast::fetch::client::{Address, Client};
use hazecast::fetch::partial::{Failure, Published};
use hazecast::fetch::resolver::system_lookup;
use hazecast::fetch::whole_file;
use std::path::Path;

fn take(server: &Server, target: &Path, begins: &'static [u8]) -> Result<(Published, u64), Failure> {
    let (settings, pause) = (settings(server, "tries = 3"), |_| ());
    let client = Client::new(&settings, &pause, system_lookup);
    whole_file::fetch(&client, &Address::open(server.base() + "/fires.csv"), target, &|file, _| {
        use std::io::Read;
        let mut head = Vec::new();
        file.take(begins.len() as u64).read_to_end(&mut head)?;
        Ok(if head == begins { Ok(()) } else { Err("something else".into()) })
    })
}

fn kind(result: Result<(Published, u64), Failure>) -> Kind {
    match result {
        Err(Failure::Of(trouble)) => trouble.kind,
        other => panic!("{other:?}"),
    }
}

fn table() -> Vec<u8> {
    let rows: String = (0..20_000).map(|i| format!("{i},{},{}\n", i * 7 % 97, i * 31 % 89)).collect();
    format!("latitude,longitude,frp\n{rows}").into_bytes()
}

#[test]
fn a_file_goes_on_where_it_broke_off() {
    let bytes = table();
    let served = bytes.clone();
    let server = Server::new(move |asked, before| {
        let reply = Reply::file(asked, &served, "\"a\"");
        match before {
            0 => Reply { cut: Some(100_000), ..reply },
            1 => Reply { cut: Some(50_000), ..reply },
            _ => reply,
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("fires.csv");
    let (published, resumed) = take(&server, &target, b"latitude").unwrap();
    assert!(std::fs::read(&target).unwrap() == bytes && resumed == 0);
    assert_eq!(published.sha256, hazecast::archive::durable::sha256(&bytes));
    let firsts: Vec<u64> = server.asked().iter().map(|a| a.range.map_or(0, |r| r.0)).collect();
    assert!(firsts[0] == 0 && firsts[1] > 0 && firsts[2] > firsts[1], "{firsts:?}");
}

#[test]
fn parts_of_two_versions_are_not_joined() {
    for validator in ["\"strong\"", "W/\"weak\"", ""] {
        let (old, new) = (table(), table().iter().map(|b| if *b == b'7' { b'8' } else { *b }).collect::<Vec<u8>>());
        let served = new.clone();
        let server = Server::new(move |asked: &Asked, before| match before {
            0 => Reply {
                cut: Some(70_000),
                ..Reply::file(asked, &old, if validator == "\"strong\"" { "\"old\"" } else { validator })
            },
            _ => Reply::file(asked, &served, validator),
        });
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("fires.csv");
        take(&server, &target, b"latitude").unwrap();
        assert!(std::fs::read(&target).unwrap() == new, "{validator}");
    }
}

/// A part that had become whole before the program was stopped may be of a version that is long gone.
#[test]
fn a_part_that_was_whole_is_not_published_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("fires.csv");
    let old = b"latitude,longitude\n1,2\n";
    std::fs::write(folder.path().join(".fires.csv.part"), old).unwrap();
    let version = format!("{{\"etag\":\"\\\"old\\\"\",\"modified\":null,\"total\":{}}}", old.len());
    let note = format!("{{\"index_sha256\":null,\"version\":{version}}}");
    std::fs::write(folder.path().join(".fires.csv.part.json"), note).unwrap();
    let server = Server::new(|asked, _| Reply::file(asked, b"latitude,longitude\n3,4\n5,6\n", "\"new\""));
    let (_, resumed) = take(&server, &target, b"latitude").unwrap();
    assert_eq!((std::fs::read(&target).unwrap().as_slice(), resumed), (&b"latitude,longitude\n3,4\n5,6\n"[..], 0));
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn nothing_stays_of_a_file_that_is_too_large() {
    let large = vec![b'1'; 1_200_000];
    let mut chunk = format!("{:x}\r\n", large.len()).into_bytes();
    chunk.extend(&large);
    chunk.extend(b"\r\n0\r\n\r\n");
    let server = Server::new(move |asked, _| match asked.path.as_str() {
        "/told" => Reply::file(asked, &large, "\"a\""),
        _ => Reply { body: chunk.clone(), ..Reply::status(200) }.with("Transfer-Encoding", "chunked"),
    });
    let (settings, pause) = (settings(&server, "largest_mb = 1"), |_| ());
    let client = Client::new(&settings, &pause, system_lookup);
    for path in ["/told", "/chunks"] {
        let folder = tempfile::tempdir().unwrap();
        let address = Address::open(server.base() + path);
        let fetched = whole_file::fetch(&client, &address, &folder.path().join("a"), &|_, _| Ok(Ok(())));
        assert_eq!(kind(fetched), Kind::TooLarge);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{path}");
    }
}

#[test]
fn a_page_does_not_replace_data() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("fires.csv");
    let good = Server::new(|asked, _| Reply::file(asked, b"latitude,longitude\n1,2\n", "\"a\""));
    take(&good, &target, b"latitude").unwrap();
    let bad = Server::new(|asked, _| Reply::file(asked, b"Invalid MAP_KEY.", "\"b\""));
    assert_eq!(kind(take(&bad, &target, b"latitude")), Kind::Damaged);
    let empty = Server::new(|asked, _| Reply::file(asked, b"", "\"c\""));
    assert_eq!(kind(take(&empty, &target, b"latitude")), Kind::Damaged);
    assert_eq!(std::fs::read(&target).unwrap(), b"latitude,longitude\n1,2\n");
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}
