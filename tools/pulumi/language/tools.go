//go:build tools

// Package language pins the module that Pulumi's Python language host is built from, with its checksums.
//
// v3.79.0 is the last version whose module holds the language host; it works with the pinned engine.
package language

import _ "github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python"
