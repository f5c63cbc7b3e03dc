package vault

// role defines which certificates of a PKI mount may be issued. Its durations are
// seconds as strings, as in Vault's responses.
var role = endpoint(
	func(in values) string { return join(in.text("backend"), "roles", in.text("name")) },
	backend, namespace,
	field{name: "name", traits: named | replaces | local},
	field{name: "issuer_ref", traits: computed},
	field{name: "ttl", traits: computed},
	field{name: "max_ttl", traits: computed},
	field{name: "not_before_duration", traits: computed | duration},
	field{name: "not_after"},

	// Names.
	field{name: "allowed_domains", kind: list},
	field{name: "allowed_domains_template", kind: flag, standard: false},
	field{name: "allow_localhost", kind: flag, traits: always, standard: true},
	field{name: "allow_bare_domains", kind: flag, traits: always, standard: false},
	field{name: "allow_subdomains", kind: flag, traits: always, standard: false},
	field{name: "allow_glob_domains", kind: flag, traits: always, standard: false},
	field{name: "allow_wildcard_certificates", kind: flag, traits: always, standard: true},
	field{name: "allow_any_name", kind: flag, traits: always, standard: false},
	field{name: "enforce_hostnames", kind: flag, traits: always, standard: true},
	field{name: "allow_ip_sans", kind: flag, traits: always, standard: true},
	field{name: "allowed_uri_sans", kind: list},
	field{name: "allowed_uri_sans_template", kind: flag, traits: always | computed},
	field{name: "allowed_other_sans", kind: list},
	field{name: "allowed_serial_numbers", kind: list},
	field{name: "allowed_user_ids", kind: list},
	field{name: "require_cn", kind: flag, traits: always, standard: true},
	field{name: "cn_validations", kind: list, traits: computed},
	field{name: "use_csr_common_name", kind: flag, traits: always, standard: true},
	field{name: "use_csr_sans", kind: flag, traits: always, standard: true},
	field{name: "serial_number_source", traits: computed},

	// Use.
	field{name: "server_flag", kind: flag, traits: always, standard: true},
	field{name: "client_flag", kind: flag, traits: always, standard: true},
	field{name: "code_signing_flag", kind: flag, traits: always, standard: false},
	field{name: "email_protection_flag", kind: flag, traits: always, standard: false},
	field{name: "key_usage", kind: list, traits: computed, sdk: "keyUsages"},
	field{name: "ext_key_usage", kind: list, sdk: "extKeyUsages"},
	field{name: "ext_key_usage_oids", kind: list},
	field{name: "basic_constraints_valid_for_non_ca", kind: flag, traits: always, standard: false},
	field{name: "policy_identifiers", kind: list},

	// Keys and signatures.
	field{name: "key_type", standard: "rsa", allowed: []string{"rsa", "ec", "ed25519", "any"}},
	field{name: "key_bits", kind: number, standard: 2048},
	field{name: "signature_bits", kind: number, traits: computed},
	field{name: "use_pss", kind: flag},

	// The subject.
	field{name: "ou", kind: list, sdk: "organizationUnit"},
	field{name: "organization", kind: list, sdk: "organizations"},
	field{name: "country", kind: list, sdk: "countries"},
	field{name: "locality", kind: list, sdk: "localities"},
	field{name: "province", kind: list, sdk: "provinces"},
	field{name: "street_address", kind: list, sdk: "streetAddresses"},
	field{name: "postal_code", kind: list, sdk: "postalCodes"},

	// Records.
	field{name: "generate_lease", kind: flag, traits: always, standard: false},
	field{name: "no_store", kind: flag, traits: always, standard: false},
	field{name: "no_store_metadata", kind: flag},
).removable()

// kubernetesRole defines which Kubernetes service accounts log in with their tokens,
// and the policies that they get.
var kubernetesRole = endpoint(
	func(in values) string { return join("auth", in.text("backend"), "role", in.text("role_name")) },
	namespace,
	field{name: "backend", traits: replaces | local, standard: "kubernetes"},
	field{name: "role_name", traits: required | replaces | local},
	field{name: "bound_service_account_names", kind: set, traits: required},
	field{name: "bound_service_account_namespaces", kind: set, traits: required},
	field{name: "audience"},
	field{name: "alias_name_source", traits: computed},
	field{name: "token_bound_cidrs", kind: set},
	field{name: "token_explicit_max_ttl", kind: number},
	field{name: "token_max_ttl", kind: number},
	field{name: "token_ttl", kind: number},
	field{name: "token_period", kind: number},
	field{name: "token_num_uses", kind: number},
	field{name: "token_no_default_policy", kind: flag},
	field{name: "token_policies", kind: set},
	field{name: "token_type", standard: "default"},
).removable()
