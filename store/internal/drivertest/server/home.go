//go:build unix

package server

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// A home is where a private server lives: a directory of its own, and the account that owns it.
type home struct {
	dir   string
	owner *syscall.Credential // nil is who runs the test
}

// newHome makes a directory. PostgreSQL and MariaDB refuse to be run by root, so then account runs them.
func newHome(account string) (*home, error) {
	// Not t.TempDir, where others may not go; and by preference not /tmp, which is in memory on many machines.
	base := os.Getenv("TMPDIR")
	if base == "" {
		base = "/var/tmp"
	}
	dir, err := os.MkdirTemp(base, "countersign-")
	if err != nil || account == "" || os.Getuid() != 0 {
		return &home{dir: dir}, err
	}
	owner, err := credential(account)
	if err == nil {
		err = os.Chown(dir, int(owner.Uid), int(owner.Gid))
	}
	if err != nil {
		_ = os.Remove(dir) // it is empty, and the error matters more
		return nil, err
	}
	return &home{dir, owner}, nil
}

func credential(account string) (*syscall.Credential, error) {
	u, err := user.Lookup(account)
	if err != nil {
		return nil, fmt.Errorf("it is not run as root: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// run returns a command that runs in the home, as its owner, and without settings from the environment.
func (h *home) run(args []string) *exec.Cmd {
	cmd := exec.Command(program(args[0]), args[1:]...)
	cmd.Dir = h.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"} // the log is read: it must be in English
	// An interrupt at the terminal is not for it: the watchdog ends it, and removes what it leaves.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: h.owner}
	return cmd
}

// elsewhere is where Debian has programs to which an ordinary PATH does not lead.
var elsewhere = map[string]string{
	"initdb":   "/usr/lib/postgresql/*/bin/initdb",
	"postgres": "/usr/lib/postgresql/*/bin/postgres",
	"mariadbd": "/usr/sbin/mariadbd",
}

// program returns the path of a program, or "" if there is none.
func program(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	found, _ := filepath.Glob(elsewhere[name]) // fails for a bad pattern only
	if len(found) == 0 {
		return ""
	}
	return slices.Max(found) // the newest version
}

// spareAddr returns an address on which nobody listens. Its port is below those that systems give to outgoing connections,
// so it is still spare when a killed server is started again; and 10000 above, where Redis has its cluster bus, too.
func spareAddr() string {
	for {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(10000+rand.IntN(12000)))
		if l, err := net.Listen("tcp", addr); err == nil {
			_ = l.Close()
			return addr
		}
	}
}
