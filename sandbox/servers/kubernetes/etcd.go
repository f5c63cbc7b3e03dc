package main

import (
	"errors"
	"net/url"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// etcdSocket is etcd's socket, in a folder that only its owner can open, because
// etcd itself requires no credentials here.
var etcdSocket = url.URL{Scheme: "unix", Host: "etcd.socket"}

func startEtcd() (*embed.Etcd, error) {
	config := embed.NewConfig()
	config.Dir = "etcd"
	config.ListenClientUrls = []url.URL{etcdSocket}
	config.ListenPeerUrls = []url.URL{{Scheme: "unix", Host: "peer.socket"}}
	config.LogLevel = "error"
	config.UnsafeNoFsync = true // the files are deleted with the process
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return nil, err
	}
	select {
	case <-etcd.Server.ReadyNotify():
		return etcd, nil
	case err := <-etcd.Err():
		return nil, err
	case <-time.After(30 * time.Second):
		return nil, errors.New("not ready after 30 s")
	}
}
