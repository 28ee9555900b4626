package storetest

import "fmt"

// A mode is what a proxy does with its connections from one moment to another.
type mode struct {
	kind  modeKind
	bytes int           // of replies that pass first
	over  chan struct{} // closed when it is
}

type modeKind int

const (
	passing modeKind = iota
	refusing
	hanging
	resetting
	truncating
	stalling
	losing
)

func (p *Proxy) fault(name string, kind modeKind, bytes int) Fault {
	return Fault{
		Name:  name,
		Begin: func() { p.enter(mode{kind: kind, bytes: bytes}) },
		End:   func() { p.enter(mode{}) },
	}
}

// Faults returns all faults that the proxy can cause, those that let some bytes pass once with few and once with so many
// that connections can be made.
func (p *Proxy) Faults() []Fault {
	return []Fault{
		p.Refuse(), p.Hang(), p.Reset(), p.Truncate(3), p.Truncate(someReplies), p.Stall(3), p.Stall(someReplies),
		p.LoseReplies(0), p.LoseReplies(someReplies),
	}
}

// someReplies is more than servers send before a connection can be used.
const someReplies = 2 << 10

// Refuse returns the fault that nobody listens: open connections are reset, new ones refused.
func (p *Proxy) Refuse() Fault { return p.fault("connections are refused", refusing, 0) }

// Hang returns the fault that connections, open and new ones, are never answered. When it ends, the server gets what was
// sent meanwhile, also by those who have given up: their writes land late.
func (p *Proxy) Hang() Fault { return p.fault("connections hang", hanging, 0) }

// Reset returns the fault that connections, open and new ones, are reset at once.
func (p *Proxy) Reset() Fault { return p.fault("connections are reset", resetting, 0) }

// Truncate returns the fault that each connection is reset after so many bytes of replies, in the middle of one as like as
// not.
func (p *Proxy) Truncate(bytes int) Fault {
	return p.fault(fmt.Sprintf("replies are cut after %d bytes", bytes), truncating, bytes)
}

// Stall returns the fault that replies hang after so many bytes on each connection. The rest of them comes when it ends.
func (p *Proxy) Stall(bytes int) Fault {
	return p.fault(fmt.Sprintf("replies hang after %d bytes", bytes), stalling, bytes)
}

// LoseReplies returns the fault that a server does what it is asked to, and nobody learns of it: when so many bytes of
// replies have passed on a connection, the next reply is swallowed as a whole, and the connection is reset. So a write is
// done that looks as if it had failed. With 0, where the server speaks first, only connections that are open when the
// fault begins are of use for that.
func (p *Proxy) LoseReplies(bytes int) Fault {
	return p.fault(fmt.Sprintf("replies are lost after %d bytes", bytes), losing, bytes)
}
