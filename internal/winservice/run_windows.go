package winservice

import (
	"errors"
	"fmt"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
)

// Run runs the work as the service of that name, for the service manager that has started this process, and returns its
// exit code once the service has stopped. The manager gets that code too, as the service's own.
func Run(name string, work Work) (code int, err error) {
	h := &handler{work: work}
	err = svc.Run(name, h)
	if errors.Is(err, windows.ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) {
		return 0, ErrConsole
	}
	if err != nil {
		return 0, fmt.Errorf("run as the service %s: %w", name, err)
	}
	return h.code, nil
}

type handler struct {
	work Work
	code int
}

// Execute implements svc.Handler.
func (h *handler) Execute(_ []string, asked <-chan svc.ChangeRequest, status chan<- svc.Status) (own bool,
	code uint32) {
	requests, ended := make(chan request), make(chan struct{})
	defer close(ended)
	go func() {
		for {
			select {
			case <-ended:
				return
			case r := <-asked:
				what := interrogate
				if r.Cmd == svc.Stop || r.Cmd == svc.Shutdown || r.Cmd == svc.PreShutdown {
					what = stop
				}
				select {
				case requests <- what:
				case <-ended:
				}
			}
		}
	}()
	h.code = serve(requests, func(r report) { status <- told(r) }, h.work)
	return true, uint32(h.code)
}

func told(r report) svc.Status {
	s := svc.Status{CheckPoint: r.checkpoint, WaitHint: uint32(r.hint.Milliseconds())}
	const accepted = svc.AcceptStop | svc.AcceptShutdown | svc.AcceptPreShutdown
	switch r.state {
	case Starting:
		s.State, s.Accepts = svc.StartPending, accepted
	case Running:
		s.State, s.Accepts = svc.Running, accepted
	default:
		s.State = svc.StopPending
	}
	return s
}
