package vaultserver

import (
	"encoding/json"
	"fmt"
)

// config returns the server's configuration, which both products read. It listens on one
// port, and keeps everything in memory.
//
// The server is not started in development mode: that prints the root token into the log.
func config(port int) []byte {
	type object = map[string]any
	content, err := json.MarshalIndent(object{
		"storage":  object{"inmem": object{}},
		"listener": []object{{"tcp": object{"address": fmt.Sprintf("127.0.0.1:%d", port), "tls_disable": true}}},
		"api_addr": Address(port),
		// Members of a cluster would listen on the next port.
		"disable_clustering": true,
		// The server has no secrets of value, and mlock may not be permitted. OpenBao
		// doesn't lock memory, and warns of this.
		"disable_mlock": true,
		"ui":            false,
	}, "", "  ")
	if err != nil {
		panic(err) // of a constant structure
	}
	return append(content, '\n')
}
