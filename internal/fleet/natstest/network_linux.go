package natstest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Network is machines with one switch between them, each a network namespace. Nothing of it is seen outside, and all
// goes with the test, also when its process is killed: a namespace lasts as long as somebody holds it open.
type Network struct {
	t        testing.TB
	hub      *os.File // the switch's namespace
	machines int
}

// Machine is one machine of a Network.
type Machine struct {
	Address string // an IPv4 address
	network *Network
	port    string // the switch's end of its cable
	space   *os.File
}

// NewNetwork makes a network without machines, or says why this machine does not allow it.
func NewNetwork(t testing.TB) (*Network, error) {
	space, err := newSpace()
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = space.Close() })
	n := &Network{t: t, hub: space}
	if err := within(space, command("ip", "link", "add", "switch", "type", "bridge")); err != nil {
		return nil, err
	}
	return n, within(space, command("ip", "link", "set", "switch", "up"))
}

// Add adds a machine.
func (n *Network) Add() *Machine {
	n.t.Helper()
	space, err := newSpace()
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { _ = space.Close() })
	n.machines++
	m := &Machine{Address: fmt.Sprintf("10.88.0.%d", n.machines), network: n, space: space,
		port: fmt.Sprintf("port%d", n.machines)}
	path := func(f *os.File) string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), f.Fd()) }
	n.command("ip", "link", "add", m.port, "type", "veth", "peer", "name", "eth0", "netns", path(space))
	n.command("ip", "link", "set", m.port, "master", "switch", "up")
	for _, c := range []string{
		"ip link set lo up", "ip address add " + m.Address + "/24 dev eth0", "ip link set eth0 up",
	} {
		if err := within(space, command(strings.Fields(c)...)); err != nil {
			n.t.Fatal(err)
		}
	}
	return m
}

func (n *Network) command(args ...string) {
	n.t.Helper()
	if err := within(n.hub, command(args...)); err != nil {
		n.t.Fatal(err)
	}
}

// Unplug cuts the machine off from all others: packets vanish, and nobody notices at once.
func (m *Machine) Unplug() {
	m.network.t.Helper()
	m.network.command("ip", "link", "set", m.port, "down")
}

// Plug ends what Unplug, Apart and Slow did.
func (m *Machine) Plug() {
	m.network.t.Helper()
	m.network.command("ip", "link", "set", m.port, "up")
	m.network.command("ip", "link", "set", m.port, "type", "bridge_slave", "isolated", "off")
	_ = within(m.network.hub, command("tc", "qdisc", "del", "dev", m.port, "root")) // it may have none
	_ = within(m.space, command("tc", "qdisc", "del", "dev", "eth0", "root"))
}

// Apart cuts the machine off from those others only that are apart too.
func (m *Machine) Apart() {
	m.network.t.Helper()
	m.network.command("ip", "link", "set", m.port, "type", "bridge_slave", "isolated", "on")
}

// Slow lets little through to the machine and from it: 2 Mbit/s, with a queue of up to 300 ms before it.
func (m *Machine) Slow() {
	m.network.t.Helper()
	for device, space := range map[string]*os.File{m.port: m.network.hub, "eth0": m.space} {
		c := "tc qdisc replace dev " + device + " root tbf rate 2mbit burst 16kbit latency 300ms"
		if err := within(space, command(strings.Fields(c)...)); err != nil {
			m.network.t.Fatal(err)
		}
	}
}

// Start starts the command on the machine.
func (m *Machine) Start(c *exec.Cmd) error { return within(m.space, c.Start) }

// DialContext connects to an IP address as a process of the machine does. The thread that makes a socket decides to
// which network it belongs; for an address without a name the dialer takes no other thread.
func (m *Machine) DialContext(ctx context.Context, network, address string) (c net.Conn, err error) {
	err = within(m.space, func() error {
		c, err = (&net.Dialer{}).DialContext(ctx, network, address)
		return err
	})
	return c, err
}

func command(args ...string) func() error {
	return func() error {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, out)
		}
		return nil
	}
}

// newSpace makes a network namespace, which lasts until its file is closed.
func newSpace() (space *os.File, err error) {
	err = onOwnThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make a network namespace: %w", err)
		}
		space, err = os.Open("/proc/thread-self/ns/net")
		return err
	})
	return space, err
}

// within calls f on a thread that is in the namespace; a process that it starts is in it too.
func within(space *os.File, f func() error) error {
	return onOwnThread(func() error {
		if err := unix.Setns(int(space.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter a network namespace: %w", err)
		}
		return f()
	})
}

// onOwnThread calls f on a thread that nobody uses afterwards.
func onOwnThread(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		done <- f()
	}()
	return <-done
}
