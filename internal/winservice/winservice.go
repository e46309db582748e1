// Package winservice makes the program a Windows service: it installs and removes the registration, with the rights
// that the service's account needs, controls the service, and runs the program when the service control manager starts
// it.
//
// Whether it was started as a service is decided by the arguments that were registered, never by asking the system how
// the process came to be: that is guesswork, and Wine answers it wrongly.
//
// What decides something (which account is meant, what is undone when a step fails, when the manager receives what) is
// plain code over small interfaces and tested everywhere; what calls Windows is in files of its own. On other systems
// every function returns ErrUnsupported.
package winservice

import (
	"errors"
	"fmt"

	"github.com/jobmon-db/jobmon-db/internal/trust"
)

// DefaultName is the service's name unless another one is given; a second Deployment Server needs one.
const DefaultName = "jobmon-db"

// The reasons why something cannot be done, for errors.Is. Their sentences say what to do next.
var (
	ErrUnsupported = errors.New("services of Windows are there on Windows only; docs/operations.md says how to run " +
		"under systemd")
	ErrDenied       = errors.New("only administrators may do that: run this command elevated (as administrator)")
	ErrNotInstalled = errors.New("there is no such service; jobmon-db service install makes it")
	ErrAnother      = errors.New("it is not one of jobmon-db and is left as it is; choose another name with --name")
	ErrMarked       = errors.New("it is about to be removed: close the Services window and Task Manager on this " +
		"computer, which hold it, and try again")
	ErrAccount = trust.ErrNoAccount
	ErrLogon   = errors.New("its account may not log on: the password is wrong or has changed, or a policy " +
		"denies it the right to log on as a service; " +
		"repeat jobmon-db service install with --account and the password")
	ErrConsole = errors.New("this is what the service manager starts; in a console say jobmon-db run (or hub), and " +
		"jobmon-db service start for the service")
	ErrTimeout = errors.New("the service manager still waits; look again with jobmon-db service status")
)

// EndedError says that the service ended instead of running.
type EndedError struct {
	Name   string
	Code   int    // the program's own exit code (docs/exit-codes.md), 0 when it gave none
	System string // why it ended in the system's words, "" when the program ended itself
}

func (e *EndedError) Error() string {
	if e.Code != 0 {
		return fmt.Sprintf("the service %s ended with exit code %d", e.Name, e.Code)
	}
	if e.System != "" {
		return fmt.Sprintf("the service %s ended: %s", e.Name, e.System)
	}
	return fmt.Sprintf("the service %s ended by itself", e.Name)
}

// Registration is what the service manager knows of a service.
type Registration struct {
	Name         string
	Display      string // the name in the Services window
	Description  string
	Command      []string // the program's absolute path and its arguments
	Account      Account
	Start        StartType
	Dependencies []string // names of services that must run before
}

// ours says that the registration is of this program.
func (r *Registration) ours() bool {
	return len(r.Command) >= 3 && r.Command[1] == Arguments[0] && r.Command[2] == Arguments[1]
}

// Arguments begin the arguments of every service of ours.
var Arguments = [2]string{"service", "run"}

// StartType says when Windows starts a service.
type StartType string

// The start types.
const (
	Automatic StartType = "automatic"
	Delayed   StartType = "automatic, delayed" // some minutes after the computer has started
	Manual    StartType = "manual"
	Disabled  StartType = "disabled"
)

// State is what a service does.
type State string

// The states.
const (
	Stopped  State = "stopped"
	Starting State = "starting"
	Running  State = "running"
	Stopping State = "stopping"
	Paused   State = "paused" // by nobody we know: the service does not accept it
)

// Status is what the service manager says about a service.
type Status struct {
	Registration
	State   State
	PID     uint32 // 0 when it is stopped
	Exit    int    // the program's own exit code when it ended by itself last, see docs/exit-codes.md
	Failure string // why it does not run, in the system's words; "" for no reason or for Exit
}

// Right is what an account may do with a file or folder and all below it.
type Right string

// The rights.
const (
	Read   Right = "read"
	Modify Right = "modify" // read, write, create and delete
)

// Grant is a right that the service's account needs, or other accounts beside it.
type Grant struct {
	Path   string // absolute
	Right  Right
	Folder bool // it is a folder, and is made when it is missing
	// Private leaves nobody else than SYSTEM and Administrators on it, whatever was inherited before.
	Private bool
	// who made it decides what the service does, as who made a Private one: others than administrators are refused
	Trusted bool
	For     string  // the name of the account that gets it; "" is the service's
	Account Account // the same, as Install found it
}
