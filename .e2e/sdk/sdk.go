// Package sdk has the npm client @medusajs/js-sdk, as it comes from its registry, call the HTTP APIs of Countersign.
package sdk
