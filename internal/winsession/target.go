// Package winsession puts a program that runs as SYSTEM, in the session of services, onto the screen that people see:
// the logon screen of a Windows computer, or the desktop of the user who is logged on there.
//
// Windows keeps screens apart: each session has a window station "winsta0" with the desktops "winlogon" (the logon
// screen, shown also when the computer is locked) and "default". One session at a time is attached to the console,
// that is to screen and keyboard; a logoff or a switch of users attaches another one.
//
// What is to be done is decided by functions that ask no system; only system_windows.go calls Windows.
package winsession

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// NoSession is the console's session while none is attached, for a moment during a switch.
const NoSession = 0xFFFFFFFF

// The desktops.
const (
	LogonDesktop = `winsta0\winlogon`
	UserDesktop  = `winsta0\default`
)

// Screen is what the console shows at one moment.
type Screen struct {
	Session uint32 // attached to the console, or NoSession
	User    bool   // somebody is logged on in it
}

// Target is where a program belongs, and as whom.
type Target struct {
	Session uint32
	Desktop string
	User    bool // as the user who is logged on there, else as SYSTEM
}

func (t Target) String() string {
	who := "SYSTEM"
	if t.User {
		who = "its user"
	}
	return fmt.Sprintf("%s of session %d, as %s", t.Desktop, t.Session, who)
}

// Choose says where the program belongs on this screen: on the logon screen as SYSTEM, or with user on the desktop of
// anyone who is logged on, as long as somebody is. It is false while no session is attached, and for session 0, which
// has no screen.
func Choose(s Screen, user bool) (Target, bool) {
	switch {
	case s.Session == NoSession || s.Session == 0:
		return Target{}, false
	case user && s.User:
		return Target{Session: s.Session, Desktop: UserDesktop, User: true}, true
	}
	return Target{Session: s.Session, Desktop: LogonDesktop}, true
}

// CommandLine is how program is called with arguments, each in quotation marks. Arguments that cannot be told from
// several ones are refused: with a quotation mark, or a backslash at the end.
func CommandLine(program string, args ...string) (string, error) {
	parts := make([]string, 0, 1+len(args))
	for _, arg := range append([]string{program}, args...) {
		if strings.ContainsAny(arg, "\"\r\n\x00") || strings.HasSuffix(arg, `\`) {
			return "", fmt.Errorf("%q cannot be passed on: leave out quotation marks, line ends and a backslash at "+
				"the end", arg)
		}
		parts = append(parts, `"`+arg+`"`)
	}
	return strings.Join(parts, " "), nil
}

// Process names a process for ever: numbers are given again, and together with the start they are not.
type Process struct {
	PID     uint32 `json:"pid"`
	Started int64  `json:"started"` // as Windows counts: hundreds of nanoseconds since 1601, UTC
	Image   string `json:"image"`   // the file that it runs
}

// Same says whether both are one process. Of the file only the name counts: Windows gives its path in several ways.
func (p Process) Same(q Process) bool {
	return p.PID != 0 && p.PID == q.PID && p.Started == q.Started && strings.EqualFold(base(p.Image), base(q.Image))
}

func (p Process) String() string { return fmt.Sprintf("process %d (%s)", p.PID, base(p.Image)) }

// base is the last part of a path of Windows, on every system.
func base(path string) string {
	return filepath.Base(strings.ReplaceAll(path, `\`, "/"))
}

// ErrSystem is what New returns where this cannot be done at all.
var ErrSystem = errors.New("putting the monitor on the logon screen needs Windows 10 or later")
