# The gateway with what it needs at run time and nothing else: docker build --tag tmf-hub-gateway .
# No stage uses what only BuildKit has. test/image carries out these steps without Docker: what it does not know fails there.

# A mirror of it, or one with a digest: --build-arg NODE_IMAGE=...
ARG NODE_IMAGE=node:24-bookworm-slim
# Must have glibc, and node 24 on its PATH or in /nodejs/bin; neither a shell nor npm.
ARG RUNTIME_IMAGE=${NODE_IMAGE}

FROM ${NODE_IMAGE} AS compiled
WORKDIR /build
# Another npm registry: --build-arg NPM_CONFIG_REGISTRY=...
ARG NPM_CONFIG_REGISTRY
COPY package.json package-lock.json ./
# To compile no package needs its install script; one of them would fetch a second Node.js.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src/ src/
RUN npm run build

FROM ${NODE_IMAGE} AS assembled
WORKDIR /build/app
ARG NPM_CONFIG_REGISTRY
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && rm package-lock.json
COPY LICENSE ./
COPY schemas/ schemas/
COPY openapi/ openapi/
COPY config/ config/
COPY --from=compiled /build/dist/ dist/
# Whatever the modes in the checkout were: everybody may read, nobody may write.
RUN chmod -R a=rX . && mkdir ../data

FROM ${RUNTIME_IMAGE}
COPY --from=assembled --chown=0:0 /build/app/ /app/
COPY --from=assembled --chown=1000:1000 /build/data/ /var/lib/tmf-hub/
ENV NODE_ENV=production \
    PATH=${PATH}:/nodejs/bin \
    TMF_HUB_CONFIG=/app/config/image.yaml
# The only folder that is written to. SQLite, too, puts aside in it what is too large for its memory.
WORKDIR /var/lib/tmf-hub
VOLUME ["/var/lib/tmf-hub"]
# A number: what it stands for need not be looked up to see that it is not root.
USER 1000:1000
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=15s --retries=3 \
    CMD ["node", "/app/dist/main.js", "health"]
ENTRYPOINT ["node", "--max-semi-space-size=4", "/app/dist/main.js"]
CMD ["serve"]

# Last, as they differ from build to build.
ARG VERSION=0.1.0
ARG REVISION=
ARG CREATED=
ARG SOURCE=
LABEL org.opencontainers.image.title="tmf-hub-gateway" \
      org.opencontainers.image.description="TM Forum Hub/Listener gateway: durable webhooks for every TMF Open API event" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}"
