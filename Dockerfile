# Only the app: its sources run directly (type stripping), without a build. oauth2-proxy and Redis have their own images.
FROM node:24-bookworm-slim AS base
WORKDIR /app
ENV NODE_ENV=production

FROM base AS build
COPY package.json package-lock.json ./
# No install scripts: none is needed, and each could reach whatever this machine can reach. The optional package is Node.js
# itself, which the image already has.
RUN --mount=type=cache,target=/root/.npm \
    npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund
COPY generate-secrets.ts ./
COPY src ./src
COPY views ./views
COPY public ./public
# A checkout may be unreadable to others (umask 077), and the user below is one of them.
RUN chmod -R u=rwX,go=rX . && install -d -o node -g node compiled
# Compiled code, so that a start need not compile. Created by the user that runs it, because Node keeps it separately for each user; root
# owns it after the copy, so that nobody can change it.
USER node
RUN NODE_COMPILE_CACHE=/app/compiled node --input-type=module --eval "await import('./src/commands/serve-run.ts')" \
    && NODE_COMPILE_CACHE=/app/compiled node src/main.ts help > /dev/null
USER root
RUN chmod -R go=rX compiled

FROM base
# The program needs no package manager, and an attacker should not find one.
RUN rm -rf /usr/local/lib/node_modules /opt/yarn-* \
      /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg \
    # A new named volume inherits the owner and mode.
    && install -d -o node -g node -m 700 /data
COPY --from=build /app ./
# 0.0.0.0 means the container's own network: docker-compose.yml publishes none of the app's ports.
ENV HOST=0.0.0.0 PORT=3000 OPS_PORT=9464 DATA_DIR=/data NODE_COMPILE_CACHE=/app/compiled
USER node
EXPOSE 3000 9464
# Ready means that it answers, and its store too. The image has no curl.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.OPS_PORT}/readyz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Node.js directly, without a shell or npm, so that signals reach it. Other commands: `docker compose exec app node src/main.ts help`.
ENTRYPOINT ["node", "src/main.ts"]
CMD ["serve"]
