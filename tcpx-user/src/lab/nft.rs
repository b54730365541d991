//! Firewall rules of a namespace, through the `nft` program.

use std::{
    io::{self, Write},
    process::{Command, Output, Stdio},
};

use super::{LabError, Namespace};

/// Loads rules into the namespace, in the language of `nft -f`.
///
/// # Errors
/// [`LabError::Unavailable`] when there is no `nft`, or the kernel has no nf_tables or no such expression.
pub fn apply(namespace: &Namespace, rules: &str) -> Result<(), LabError> {
    ask(namespace, rules).map(drop)
}

/// The handle of the only rule of a chain, as `nft` itself tells it.
///
/// # Errors
/// As [`apply`], and when there is no such rule.
pub fn handle(namespace: &Namespace, chain: &str) -> Result<u64, LabError> {
    let said = ask(namespace, &format!("list chain {chain}"))?;
    // The last one is the rule's: those of the table and the chain come before.
    let handle =
        said.rsplit("# handle ").next().and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    handle.ok_or_else(|| LabError::Unexpected {
        what: format!("nft -a list chain {chain}"),
        expected: "a rule with a handle".to_owned(),
        got: said,
    })
}

fn ask(namespace: &Namespace, rules: &str) -> Result<String, LabError> {
    let text = rules.to_owned();
    let output = namespace.run(move || run(&text))?.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => unavailable("nft is not installed".to_owned()),
        _ => LabError::io("run nft")(error),
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    // A kernel without the table family or the expression's module answers so; wrong rules are a syntax error.
    if said.contains("No such file")
        || said.contains("not supported")
        || said.contains("Operation not permitted")
    {
        return Err(unavailable(format!("nft: {said}")));
    }
    Err(LabError::Unexpected { what: "nft -f -".to_owned(), expected: "success".to_owned(), got: said })
}

fn unavailable(why: String) -> LabError {
    LabError::Unavailable {
        what: "a firewall".to_owned(),
        why,
        advice: "apt install nftables, on a kernel with nf_tables and nft_reject",
    }
}

fn run(rules: &str) -> io::Result<Output> {
    let mut child = Command::new(program())
        .args(["-a", "-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(rules.as_bytes())?;
    }
    child.wait_with_output()
}

/// `nft` lives in sbin, which a user's PATH often lacks.
fn program() -> &'static str {
    ["/usr/sbin/nft", "/sbin/nft", "/usr/local/sbin/nft"]
        .into_iter()
        .find(|path| std::path::Path::new(path).exists())
        .unwrap_or("nft")
}
