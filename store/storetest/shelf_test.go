package storetest_test

import (
	"strings"
	"sync"
)

// A shelf keeps IDs. The zero value is empty.
type shelf struct {
	mu  sync.Mutex
	ids map[string]bool
}

func (s *shelf) put(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ids == nil {
		s.ids = map[string]bool{}
	}
	s.ids[id] = true
}

func (s *shelf) has(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ids[id]
}

// under returns the ends of those IDs that begin so.
func (s *shelf) under(prefix string) (ends []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.ids {
		if end, ok := strings.CutPrefix(id, prefix); ok {
			ends = append(ends, end)
		}
	}
	return ends
}
