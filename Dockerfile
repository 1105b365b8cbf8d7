# Perdure without a shell, a package manager or a user that may write anything but /data and /keys: Node, the C library that it is linked
# to, our packages and our code. `docker build -t perdure .`; docs/guides/distributed.md says how large it becomes, and why so.
FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The optional packages bring a second Node along, for machines with an older one. What only editors and debuggers read
# is half of all packages.
RUN npm ci --omit=dev --omit=optional \
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.[cm]ts' -o -name '*.md' \) -delete

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build && rm -rf dist/test

# The same Debian libraries as in the stages above, which is what the tests run on; Alpine's would be others.
# A new volume at /data or /keys takes its owner from the folder that is here.
FROM node:24-bookworm-slim AS system
RUN mkdir -p /system/usr/local/bin /system/etc /system/app \
  && cp /usr/local/bin/node /system/usr/local/bin/ \
  && ldd /usr/local/bin/node | grep -o '/[^ ]*' | xargs cp --dereference --parents --target-directory=/system \
  && echo 'hosts: files dns' > /system/etc/nsswitch.conf \
  && echo 'node:x:1000:1000::/app:/none' > /system/etc/passwd \
  && echo 'node:x:1000:' > /system/etc/group \
  && install --directory --owner=1000 --group=1000 /system/data \
  && install --directory --owner=1000 --group=1000 --mode=0700 /system/keys \
  && install --directory --mode=1777 /system/tmp

FROM scratch
COPY --from=system /system /
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
# Without tsconfig.json beside it, the command line takes dist/ as built.
COPY apps/cli/perdure.mjs apps/cli/perdure.mjs
COPY apps/cli/launcher apps/cli/launcher
ENV NODE_ENV=production \
  HOST=0.0.0.0 \
  PORT=3000 \
  PERDURE_WORKER_PORT=3000 \
  PERDURE_DATA=/data
USER 1000:1000
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["/usr/local/bin/node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node is process 1 and obeys SIGTERM itself: it finishes what was accepted and ends.
ENTRYPOINT ["/usr/local/bin/node", "apps/cli/perdure.mjs"]
CMD ["start"]
