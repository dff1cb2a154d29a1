//! A server that is trusted, and one that is not.

use std::fs;
use std::process::Command;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use skep_model::RepoSource;
use skep_repo::{RepoError, Terms};

use crate::scene::Scene;
use crate::server::{Server, backend};

const URL: &str = "SKEP_TEST_URL";

/// A server for `localhost`, and the certificate of the authority that vouches for it.
fn serve(scene: &Scene) -> (Server, String) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder().with_no_client_auth();
    let config = Arc::new(config.with_single_cert(vec![certificate.der().clone()], private).unwrap());
    let root = scene.at("");
    let wrap = move |stream| StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
    (Server::over(wrap, move |request| Some(backend(&root, request))), authority.pem())
}

/// Runs itself again as a process whose machine trusts the authority: what a process trusts is read once, from a file
/// that the environment names.
#[test]
fn a_server_is_believed_when_the_machine_trusts_its_certificate() {
    let scene = Scene::new();
    let terms = Terms { allow_private: true, ..Terms::default() };
    if let Ok(url) = std::env::var(URL) {
        scene.prepare_with(&[RepoSource::Url(url)], &terms).unwrap();
        assert_eq!(scene.read("file"), "over TLS");
        return;
    }
    scene.write("file", "over TLS");
    scene.committed();
    let (server, authority) = serve(&scene);
    let url = format!("https://localhost:{}/source", server.address.port());
    let untrusted = scene.prepare_with(&[RepoSource::Url(url.clone())], &terms).unwrap_err();
    assert!(matches!(untrusted, RepoError::Unreachable { .. }), "{untrusted}");
    assert!(untrusted.to_string().contains("UnknownIssuer"), "{untrusted}");
    fs::write(scene.at("authority.pem"), authority).unwrap();
    let again = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tls::a_server_is_believed_when_the_machine_trusts_its_certificate"])
        .env("SSL_CERT_FILE", scene.at("authority.pem"))
        .env(URL, url)
        .output()
        .unwrap();
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stdout));
}
