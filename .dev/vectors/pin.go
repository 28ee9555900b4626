//go:build pin

package vectors

// The vectors are read from the module cache. No build has this tag, or the package would embed 100 MB of them.
import _ "github.com/c2sp/wycheproof"
