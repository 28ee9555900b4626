//go:build unix

package server

import (
	"bytes"
	"sync"
)

// tailSize is how much of a server's log is shown when it does not come up, in bytes.
const tailSize = 2 << 10

// tail keeps the end of a log, and notices when the log says that the server is ready.
type tail struct {
	mark  []byte
	ready chan struct{} // closed once the mark was written

	mu   sync.Mutex
	seen bool
	kept []byte
}

func newTail(mark string) *tail {
	return &tail{mark: []byte(mark), ready: make(chan struct{})}
}

// Write keeps what is written, and sees whether the mark has come.
func (l *tail) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = append(l.kept, b...)
	if !l.seen && bytes.Contains(l.kept, l.mark) {
		l.seen = true
		close(l.ready)
	}
	if excess := len(l.kept) - tailSize; excess > 0 {
		l.kept = append(l.kept[:0], l.kept[excess:]...)
	}
	return len(b), nil
}

// String returns what was written last.
func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.kept)
}
