//go:build tools

// Package engine pins the module that the pulumi command is built from, with its checksums.
//
// A module of our own is needed because the command's own module replaces a
// dependency, which makes "go install PACKAGE@VERSION" refuse it.
package engine

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
