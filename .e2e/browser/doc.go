// Package browser has tests only: it starts the quickstart and drives its console by a real browser, Chromium, without a
// window, and has a page with the npm client @medusajs/js-sdk, as it comes from its registry, log in to examples/medusa from
// another origin. Screenshots of the console are in ../testdata, and are written anew by
//
//	go -C .e2e/browser test -run Screenshots -update .
package browser
