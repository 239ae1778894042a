#!/bin/sh
# Answers like lux, and then does what the last part of the address says. A real process with real children.
for address; do :; done
case $1:$address in
# By the address in its argv the test finds it.
-v:*) ;;
*:sluice-address) exec "$0" "$@" "$(cat sluice-address)" ;;
esac
mode=${address##*/}
case $1 in
-v)
  echo 'lux: version v0.24.1, A fast, user-friendly and simple video downloader.'
  exit 0
  ;;
-j)
  part='"size":5,"ext":"mp4"'
  printf '[{"url":"%s","site":"hostile","title":"%s","type":"video","streams":{"default":{"quality":"x",%s,"parts":[{"url":"%s",%s}]}}}]\n' \
    "$address" "$mode" "$part" "$address" "$part"
  exit 0
  ;;
esac
case $mode in
exits-*) exit 3 ;;
hangs-*) sleep 1000 ;;
deaf-*)
  trap '' HUP INT TERM
  sleep 1000 &
  while :; do sleep 1000; done
  ;;
floods-*) head -c 300000000 /dev/zero | tr '\000' x >&2 ;;
line-*)
  head -c 10000000 /dev/zero | tr '\000' y
  echo
  ;;
esac
printf hello >media.mp4
