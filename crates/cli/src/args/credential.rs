//! Options that name where a credential is read from.

use std::path::PathBuf;

/// Where a credential is read from. Never an argument: those stand in the process list.
#[derive(clap::Args)]
#[group(id = "from", multiple = false)]
pub struct CredentialSource {
    /// Read the credential from an environment variable
    #[arg(long, value_name = "NAME")]
    pub credential_env: Option<String>,
    /// Read it from a file, such as a mounted Kubernetes secret
    #[arg(long, value_name = "FILE")]
    pub credential_file: Option<PathBuf>,
    /// Read it from standard input
    #[arg(long)]
    pub credential_stdin: bool,
    /// Read it from the output of a command, such as a password manager
    #[arg(long, value_name = "COMMAND")]
    pub credential_command: Option<String>,
    /// Read it from a secrets manager: vault:MOUNT/PATH#FIELD (HashiCorp Vault, OpenBao), aws:SECRET#FIELD, k8s:NAMESPACE/SECRET#KEY,
    /// gcp:PROJECT/SECRET#FIELD, azure:VAULT/SECRET#FIELD or op:VAULT/ITEM#FIELD (1Password Connect)
    #[arg(long, value_name = "REFERENCE")]
    pub credential_from: Option<String>,
}

impl CredentialSource {
    /// Whether any was named.
    pub fn is_given(&self) -> bool {
        let named = [
            self.credential_env.is_some(),
            self.credential_file.is_some(),
            self.credential_command.is_some(),
            self.credential_from.is_some(),
        ];
        self.credential_stdin || named.contains(&true)
    }
}
