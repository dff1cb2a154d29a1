//! How a registry asks who is there: the `www-authenticate` header of RFC 9110, section 11, with the `Bearer` parameters
//! that registries agree on (<https://distribution.github.io/distribution/spec/auth/token/>).

use url::Url;

/// What a registry wants.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// A user and a password with each request.
    Basic,
    /// A token, which another URL gives out.
    Bearer {
        /// Where.
        realm: Url,
        /// What it is for.
        service: Option<String>,
        /// What may be done with it.
        scope: Option<String>,
    },
}

impl Challenge {
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        let parameters = parameters(rest);
        let value = |wanted: &str| {
            let mut found = parameters.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.next().map(|(_, value)| value.clone())
        };
        let realm = Url::parse(&value("realm")?).ok()?;
        let bearer = Self::Bearer { realm, service: value("service"), scope: value("scope") };
        scheme.eq_ignore_ascii_case("bearer").then_some(bearer)
    }
}

/// `a="x,y", b=z`
fn parameters(mut text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    while let Some((name, rest)) = text.split_once('=') {
        let (value, rest) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_once(',').unwrap_or((rest, "")),
        };
        found.push((name.trim_matches([' ', ',']).to_owned(), value.trim().to_owned()));
        text = rest;
    }
    found
}

/// Whether credentials for a registry may go to where it gives out tokens: to itself, or to a host of the same owner,
/// as `auth.docker.io` is to `registry-1.docker.io`, and `gitlab.com` to `registry.gitlab.com`.
pub(crate) fn may_hear_credentials(registry: &Url, realm: &Url) -> bool {
    let safe = realm.scheme() == "https" || (realm.scheme() == registry.scheme() && realm.host() == registry.host());
    let (Some(registry), Some(realm)) = (registry.domain(), realm.domain()) else {
        return safe && registry.host() == realm.host();
    };
    let owner = registry.split_once('.').map(|(_, owner)| owner).filter(|owner| owner.contains('.'));
    let same_owner = owner.is_some_and(|owner| realm == owner || realm.ends_with(&format!(".{owner}")));
    safe && (registry == realm || same_owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_of_registries_are_understood() {
        let header = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push""#;
        let Some(Challenge::Bearer { realm, service, scope }) = Challenge::parse(header) else { panic!() };
        assert_eq!(realm.as_str(), "https://auth.docker.io/token");
        assert_eq!(service.as_deref(), Some("registry.docker.io"));
        assert_eq!(scope.as_deref(), Some("repository:a/b:pull,push"));
        assert_eq!(Challenge::parse("basic realm=\"x\""), Some(Challenge::Basic));
        assert_eq!(Challenge::parse("Basic"), Some(Challenge::Basic));
        for other in
            ["", "Bearer", "Bearer realm=nowhere", "Negotiate", "Digest realm=\"https://x.org\"", "Bearer =\"=,"]
        {
            assert_eq!(Challenge::parse(other), None, "{other}");
        }
    }

    #[test]
    fn credentials_go_to_the_registrys_owner_only() {
        let may = |registry: &str, realm: &str| {
            may_hear_credentials(&Url::parse(registry).unwrap(), &Url::parse(realm).unwrap())
        };
        assert!(may("https://ghcr.io/", "https://ghcr.io/token"));
        assert!(may("https://registry-1.docker.io/", "https://auth.docker.io/token"));
        assert!(may("https://registry.gitlab.com/", "https://gitlab.com/jwt/auth"));
        assert!(may("http://127.0.0.1:5000/", "http://127.0.0.1:5001/token"));
        assert!(!may("https://ghcr.io/", "https://evil.io/token"));
        assert!(!may("https://registry.gitlab.com/", "https://evilgitlab.com/"));
        assert!(!may("https://registry.gitlab.com/", "http://gitlab.com/"));
        assert!(!may("https://10.0.0.1/", "https://evil.org/"));
        assert!(!may("http://127.0.0.1:5000/", "http://evil.org/"));
    }
}
