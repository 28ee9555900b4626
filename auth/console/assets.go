package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"net/http"
	"time"
)

//go:embed assets
var assetFiles embed.FS

// An asset is a file that pages load. Browsers keep it, and ask each time whether it is still the same.
type asset struct {
	name, contentType, etag string
	content                 []byte
}

// newAssets returns the assets by the paths that they are served at.
func newAssets(path string) map[string]asset {
	types := map[string]string{
		"console.css": "text/css; charset=utf-8",
		"console.js":  "text/javascript; charset=utf-8",
	}
	assets := map[string]asset{}
	for name, contentType := range types {
		content, err := assetFiles.ReadFile("assets/" + name)
		if err != nil {
			panic("console: " + err.Error()) // it is embedded
		}
		sum := sha256.Sum256(content)
		etag := `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
		assets[path+"/"+name] = asset{name: name, contentType: contentType, etag: etag, content: content}
	}
	return assets
}

// ServeHTTP answers GET and HEAD, with 304 if the browser has the same.
func (a asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	h.Set("Content-Type", a.contentType)
	h.Set("ETag", a.etag)
	h.Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, a.name, time.Time{}, bytes.NewReader(a.content))
}
