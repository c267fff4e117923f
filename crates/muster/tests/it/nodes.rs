//! Several servers of one database behind a proxy. Each has a data folder of its own with a copy of the master key.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::client::Client;
use crate::proxy::Proxy;
use crate::server::{Ran, Server, Tenant, muster};

/// What the tests of several nodes run on.
#[derive(Debug, Clone)]
pub(crate) enum Database {
    /// The embedded one: there is one node.
    Embedded,
    Url(String),
}

pub(crate) struct Nodes {
    servers: Vec<Option<Server>>,
    arguments: Vec<String>,
    pub(crate) proxy: Proxy,
    folder: TempDir,
}

/// A data folder whose commands and servers use the database.
pub(crate) fn data_on(folder: &Path, database: &Database) {
    std::fs::create_dir_all(folder).unwrap();
    if let Database::Url(url) = database {
        std::fs::write(folder.join("muster.toml"), format!("database_url = \"{url}\"\n")).unwrap();
    }
}

impl Nodes {
    pub(crate) async fn start(
        database: &Database,
        count: usize,
        patience: Duration,
        arguments: &[&str],
    ) -> Self {
        assert!(count == 1 || matches!(database, Database::Url(_)), "the embedded database has one node");
        let folder = tempfile::tempdir().unwrap();
        let proxy = Proxy::start(count, patience).await;
        let arguments: Vec<String> = arguments.iter().map(|&text| text.to_owned()).collect();
        let arguments = [arguments, vec!["--public-url".to_owned(), proxy.url.clone()]].concat();
        let servers = (0..count).map(|_| None).collect();
        let mut nodes = Self { servers, arguments, proxy, folder };
        for number in 0..count {
            data_on(&nodes.data(number), database);
            if number > 0 {
                // Copied with its mode.
                std::fs::copy(nodes.data(0).join("master.key"), nodes.data(number).join("master.key"))
                    .unwrap();
            }
            nodes.start_one(number);
        }
        nodes.all_ready().await;
        nodes
    }

    pub(crate) fn count(&self) -> usize {
        self.servers.len()
    }

    pub(crate) fn data(&self, number: usize) -> PathBuf {
        self.folder.path().join(format!("node{number}"))
    }

    /// If it does not run.
    pub(crate) fn start_one(&mut self, number: usize) {
        let ended = self.servers[number].as_mut().is_some_and(|server| !server.is_running());
        if ended {
            println!("node {number} ended by itself: {}", self.servers[number].as_ref().unwrap().log());
        }
        if self.servers[number].is_none() || ended {
            let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
            let server = Server::start_in(&self.data(number), &arguments);
            self.proxy.place(number, &server.url);
            self.servers[number] = Some(server);
        }
    }

    /// One that has ended as it was told to.
    pub(crate) fn restart(&mut self, number: usize) {
        self.servers[number] = None;
        self.start_one(number);
    }

    /// All that do not run are started; then until the proxy has seen all as ready, and nobody holds a request.
    pub(crate) async fn all_ready(&mut self) {
        let all: Vec<usize> = (0..self.count()).collect();
        for number in &all {
            self.start_one(*number);
        }
        self.proxy.sees(&all).await;
        self.proxy.quiet().await;
    }

    pub(crate) fn server(&mut self, number: usize) -> &mut Server {
        self.servers[number].as_mut().unwrap()
    }

    pub(crate) fn kill(&mut self, number: usize) {
        if let Some(mut server) = self.servers[number].take() {
            server.kill();
        }
    }

    pub(crate) fn signal(&self, number: usize, name: &str) {
        self.servers[number].as_ref().unwrap().signal(name);
    }

    /// What all logs of the servers that run now say.
    pub(crate) fn logs(&self) -> String {
        let logs = self.servers.iter().enumerate().filter_map(|(number, server)| {
            server.as_ref().map(|server| format!("--- node {number} ---\n{}", server.log()))
        });
        logs.collect::<Vec<_>>().join("\n")
    }

    /// A command beside the first node, whether that runs or not.
    pub(crate) fn muster(&self, arguments: &[&str]) -> Ran {
        muster(&self.data(0), arguments)
    }

    /// Its client speaks to the proxy.
    pub(crate) fn tenant(&self, name: &str) -> Tenant {
        let tenant = self.muster(&["tenant", "create", name, "--json"]).json();
        let id = tenant["id"].as_str().unwrap().to_owned();
        let key = ["key", "create", "--tenant", &id, "--name", "test", "--scope", "SCIM2", "--json"];
        let key = self.muster(&key).json();
        let base = format!("{}/scim/v2/{id}", self.proxy.url);
        let client = Client::new(&base, key["key"].as_str().unwrap());
        Tenant { client, key_id: key["id"].as_str().unwrap().to_owned(), id }
    }
}
