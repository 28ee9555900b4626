// Package oidc has people log in at the npm package oidc-provider, a certified OpenID provider, as it comes from its registry.
package oidc
