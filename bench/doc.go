// Package bench measures the event log beside what else could keep it. It is a module of its own, so that its peers
// are no dependencies of the product. Run it with make bench.
package bench
